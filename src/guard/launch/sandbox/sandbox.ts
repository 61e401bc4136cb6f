/** Shuts programs of upstreams into a sandbox of the system. */
import type { SandboxConfig } from '../../../config/types.ts';
import { GatewardError } from '../../../errors.ts';
import type { LaunchPermit } from '../../../launch-permit.ts';
import type { Log } from '../../../lib/log.ts';
import { makePermit } from '../make-permit.ts';
import { makePrivateFolder } from '../private-folder.ts';
import { boxPermit } from './box-permit.ts';
import { findTools, safePath } from './find-tools.ts';
import { StartFolders } from './start-folders.ts';
import { judgeSystem, type SandboxState, stateOfTrial, stateWithout, type TrialResult } from './trial.ts';

/** What the gateway keeps for itself. */
export interface OwnFiles {
  /** The data folder: absolute. A process sees no more of it than its upstream's own folder. */
  readonly dataDir: string;
  /** Absolute paths of further files that no process may read: the configuration, secrets, keys, the store. */
  readonly hidden: readonly string[];
}

/** What sandboxes are made with. */
export interface SandboxDeps {
  /** What holds now: a reload changes it. */
  readonly own: () => OwnFiles;
  /** The search path of the gateway. */
  readonly path: string;
  /** Absolute path of the program that unpacks an order inside. */
  readonly entry: string;
  /** Runs a program to its end, or ends it in time. */
  readonly run: (permit: LaunchPermit) => Promise<TrialResult>;
  readonly log: Log;
  /** Milliseconds since 1970, as the times of files. */
  readonly now: () => number;
  /** The system, as Node names it, such as `linux-x64`; this machine's by default. */
  readonly system?: string | undefined;
}

/** The sandboxes of one gateway. */
export interface Sandbox {
  /**
   * The same program, in a sandbox: what comes back is started in its place, with the same standard streams, and what
   * runs inside ends with it. Where no sandbox can run, `ifMissing` decides. Throws SANDBOX_UNAVAILABLE, also for a
   * profile that would open the sandbox by itself; the log says why.
   */
  wrap(permit: LaunchPermit, profile: SandboxConfig): Promise<LaunchPermit>;
  /** Whether sandboxes can run here: tried once, and again a minute after it was not so. Never rejects. */
  probe(): Promise<SandboxState>;
  /** Whether the profile of an upstream works here: tries it each time. Never rejects. */
  probeProfile(upstream: string, profile: SandboxConfig): Promise<SandboxState>;
  /** Removes what starts left behind. Call it when all processes have ended. */
  close(): Promise<void>;
}

/** Milliseconds for which it is believed that no sandbox can run. */
const DOUBT_MS = 60_000;
/** Bytes of memory for a program that does nothing, and its sandbox. */
const TRIAL_BYTES = 1_073_741_824;
/** For the Node that runs the gateway. */
const NOTHING_TO_RUN: readonly string[] = ['-e', ''];
const CLOSED: SandboxConfig = { write: [], hide: [], hosts: [], ifMissing: 'refuse' };

/** Makes the sandboxes of one gateway. Looks for nothing before it is asked. */
export function createSandbox(deps: SandboxDeps): Sandbox {
  return new SystemSandbox(deps);
}

class SystemSandbox implements Sandbox {
  readonly #deps: SandboxDeps;
  readonly #system: string;
  readonly #folders: StartFolders;
  #known: { readonly state: Promise<SandboxState>; readonly atMs: number } | undefined;

  constructor(deps: SandboxDeps) {
    this.#deps = deps;
    this.#system = deps.system ?? `${process.platform}-${process.arch}`;
    this.#folders = new StartFolders(deps.now);
  }

  async wrap(permit: LaunchPermit, profile: SandboxConfig): Promise<LaunchPermit> {
    const { upstream } = permit;
    const { log } = this.#deps;
    const state = await this.probe();
    if (!state.can) {
      const { reason, cure } = state;
      if (profile.ifMissing === 'start-without-sandbox') {
        log.warn('a program starts without its sandbox: none can run here', { upstream, reason, cure });
        return permit;
      }
      log.error('a program may not start: no sandbox can run here', { upstream, reason, cure });
      throw new GatewardError('SANDBOX_UNAVAILABLE', { cause: reason });
    }
    try {
      const { dataDir } = this.#deps.own();
      return await this.#box(permit, profile, await makePrivateFolder(dataDir, permit));
    } catch (cause) {
      log.error('a program may not start: its sandbox is not right', { upstream, reason: textOf(cause) });
      throw new GatewardError('SANDBOX_UNAVAILABLE', { cause });
    }
  }

  async probe(): Promise<SandboxState> {
    const now = this.#deps.now();
    const known = this.#known;
    if (known !== undefined) {
      const state = await known.state;
      if (state.can || now - known.atMs < DOUBT_MS) return state;
    }
    // Who comes while another tries waits for the same answer.
    if (this.#known === known) this.#known = { state: this.#try('', CLOSED), atMs: now };
    return await (this.#known?.state ?? this.probe());
  }

  async probeProfile(upstream: string, profile: SandboxConfig): Promise<SandboxState> {
    return await this.#try(upstream, profile);
  }

  async close(): Promise<void> {
    await this.#folders.close();
  }

  /** Runs a program of the gateway's own, which does nothing. */
  async #try(upstream: string, profile: SandboxConfig): Promise<SandboxState> {
    const unfit = judgeSystem(this.#system);
    if (unfit !== undefined) return unfit;
    try {
      if (this.#system.startsWith('linux')) {
        const tools = await findTools(safePath(this.#deps.path, []));
        if (!('bwrap' in tools)) return stateWithout(tools);
      }
      const { empty: cwd } = await this.#folders.make();
      const file = process.execPath;
      // No launch of a configuration: nothing to authorize.
      const permit = makePermit({
        upstream,
        command: file,
        file,
        argv0: file,
        args: NOTHING_TO_RUN,
        env: {},
        cwd,
        limits: { maxMemoryBytes: TRIAL_BYTES, maxOpenFiles: 4096, prlimit: undefined },
      });
      return stateOfTrial(await this.#deps.run(await this.#box(permit, profile, cwd)));
    } catch (cause) {
      return { can: false, reason: textOf(cause), cure: undefined };
    }
  }

  async #box(permit: LaunchPermit, profile: SandboxConfig, privateFolder: string): Promise<LaunchPermit> {
    const { path, entry, own } = this.#deps;
    const system = this.#system.startsWith('linux') ? 'linux' : 'darwin';
    const folder = await this.#folders.make();
    return await boxPermit({ permit, profile, privateFolder }, { ...own(), path, entry, folder, system });
  }
}

function textOf(thrown: unknown): string {
  const cause = thrown instanceof GatewardError && thrown.cause !== undefined ? thrown.cause : thrown;
  return cause instanceof Error ? cause.message : String(cause);
}
