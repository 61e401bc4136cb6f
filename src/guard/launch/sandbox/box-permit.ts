import { realpath } from 'node:fs/promises';
import type { SandboxConfig } from '../../../config/types.ts';
import { GatewardError } from '../../../errors.ts';
import type { LaunchPermit } from '../../../launch-permit.ts';
import { faultOfProfile } from './check-profile.ts';
import { findTools, type SandboxTools, safePath } from './find-tools.ts';
import { packOrder } from './order.ts';
import { findRuntime, findTemporary, type RuntimePlaces, realPathOf } from './places.ts';
import { isInside, sandboxSettings } from './settings.ts';
import type { StartFolder } from './start-folders.ts';

/** What is put into a sandbox. */
export interface Boxed {
  /** The program itself. */
  readonly permit: LaunchPermit;
  readonly profile: SandboxConfig;
  /** The upstream's own folder, to which it may write: absolute and without links. */
  readonly privateFolder: string;
}

/** What it is put in with. */
export interface BoxParts {
  readonly dataDir: string;
  readonly hidden: readonly string[];
  /** The search path of the gateway. */
  readonly path: string;
  /** Absolute path of the program that unpacks an order inside. */
  readonly entry: string;
  /** For this start alone. */
  readonly folder: StartFolder;
  readonly system: 'linux' | 'darwin';
}

/**
 * The start of a sandbox with the program in it. Throws SANDBOX_UNAVAILABLE for a profile that would open the sandbox by
 * itself, and what the file system throws.
 */
export async function boxPermit(boxed: Boxed, parts: BoxParts): Promise<LaunchPermit> {
  const { permit, privateFolder } = boxed;
  const { folder, system, entry } = parts;
  const runtime = await findRuntime();
  const profile = await withoutLinks(boxed.profile);
  const path = safePath(parts.path, [privateFolder, ...profile.write]);
  const tools = system === 'linux' ? await findTools(path) : undefined;
  if (tools !== undefined && !('bwrap' in tools)) throw wrong(`${tools[0]?.name} is not on a safe PATH.`);
  const hidden = await Promise.all([parts.dataDir, ...parts.hidden].map(realPathOf));
  const [dataDir = parts.dataDir] = hidden;
  const fault = faultOfProfile(profile, { dataDir, hidden, outside: await outsideOf(runtime, tools) });
  if (fault !== undefined) throw wrong(fault);
  const settings = sandboxSettings({
    profile,
    privateFolder,
    hidden,
    temporary: system === 'linux' ? await findTemporary() : [],
    needed: [
      ...[folder.sockets, runtime.node, runtime.runtime, runtime.gateward, await realPathOf(permit.file)],
      // May lie among temporary files. What a profile hides stays hidden from the program that starts there too.
      ...[await realPathOf(permit.cwd)].filter((cwd) => !profile.hide.some((path) => isInside(cwd, path))),
    ],
    programs: tools,
  });
  const order = {
    file: permit.file,
    argv0: permit.argv0,
    args: permit.args,
    env: environmentOf(boxed, system),
    cwd: permit.cwd,
    online: profile.hosts.length > 0,
  };
  return {
    ...permit,
    file: runtime.node,
    argv0: runtime.node,
    args: [runtime.srt, '--settings', await folder.write(settings), '--', runtime.node, entry],
    env: { PATH: path, HOME: folder.empty, TMPDIR: folder.sockets, ...packOrder(order) },
    cwd: folder.empty,
  };
}

/** Programs that keep a cache would write to the user's, which is shared: they get one of their own. */
function environmentOf({ permit, privateFolder }: Boxed, system: 'linux' | 'darwin'): Record<string, string> {
  const cache = `${privateFolder}/.cache`;
  return {
    XDG_CACHE_HOME: cache,
    UV_CACHE_DIR: `${cache}/uv`,
    npm_config_cache: `${cache}/npm`,
    ...permit.env,
    TMPDIR: system === 'linux' ? '/tmp' : privateFolder,
  };
}

/** Who may write to one of these is outside of every sandbox at the next start. */
async function outsideOf(runtime: RuntimePlaces, tools: SandboxTools | undefined): Promise<string[]> {
  const programs = tools === undefined ? [] : [tools.bwrap, tools.socat, tools.rg, tools.bash, '/bin/sh'];
  return [runtime.node, runtime.runtime, runtime.code, ...(await Promise.all(programs.map(realPathOf)))];
}

async function withoutLinks(profile: SandboxConfig): Promise<SandboxConfig> {
  const write = profile.write.map(async (path) => {
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined) throw wrong(`sandbox.write names ${path}, which is not there.`);
    return real;
  });
  return {
    ...profile,
    write: await Promise.all(write),
    hide: await Promise.all(profile.hide.map(realPathOf)),
  };
}

function wrong(reason: string): GatewardError {
  return new GatewardError('SANDBOX_UNAVAILABLE', { cause: reason });
}
