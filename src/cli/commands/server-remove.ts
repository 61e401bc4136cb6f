import { resolve } from 'node:path';
import { readEnvironment } from '../../config/env.ts';
import { MERGED_SERVER } from '../../config/schema-fields.ts';
import type { Config, Environment } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { createDisk } from '../config-file/disk.ts';
import { namesIn, removeUpstream } from '../config-file/edit-config-text.ts';
import { openConfigFile, saveConfigFile } from '../config-file/open-config-file.ts';
import { isSecretFile } from '../config-file/secret-files.ts';
import { EXIT } from '../exit-codes.ts';
import { bare, show } from '../shown-text.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward server remove` is given. */
export interface RemoveServerOptions {
  readonly config: string | undefined;
  readonly name: string;
}

/** What removing needs of the process. */
export interface RemoveServerParts {
  readonly terminal: Terminal;
  readonly environment?: Environment;
}

/**
 * `gateward server remove NAME`: takes an upstream out of the configuration file, and then the files of its secrets that
 * `server add` or `import` made and nothing else names.
 *
 * @throws GatewardError SERVER_NOT_FOUND; CONFIG_INVALID, CONFIG_UNREADABLE. Nothing is changed then.
 */
export async function removeServer(
  { config, name }: RemoveServerOptions,
  { terminal, environment = readEnvironment() }: RemoveServerParts,
): Promise<number> {
  const disk = createDisk();
  const edit = await openConfigFile(config, { environment, disk, mayBegin: false });
  const { upstreams } = namesIn(edit.text);
  if (!upstreams.includes(name)) {
    const detail = `There is no upstream ${show`${name}`.text} in ${edit.file}.`;
    throw new GatewardError('SERVER_NOT_FOUND', { detail });
  }
  checkUnused(name, edit.loaded.config);
  const { files, config: now } = await saveConfigFile(edit, removeUpstream(edit.text, name), {
    environment,
    disk,
  });
  const unused = edit.loaded.files.filter(
    (file) => !files.includes(file) && isSecretFile(resolve(file), now.dataDir),
  );
  for (const file of unused) await disk.remove(file);
  terminal.emit({ name, file: edit.file, removedFiles: unused });
  terminal.say(show`${bare(name)} is no longer in ${bare(edit.file)}.`.text);
  for (const file of unused) terminal.say(show`Its secret in ${bare(file)} was removed too.`.text);
  terminal.say('A gateway that runs with this file ends it within seconds.');
  return EXIT.ok;
}

function checkUnused(name: string, { servers }: Config): void {
  const users = servers.filter(
    (server) =>
      server.name !== MERGED_SERVER &&
      server.name !== name &&
      server.sources.some(({ upstream }) => upstream === name),
  );
  if (users.length === 0) return;
  const detail = `The servers ${users.map((server) => server.name).join(', ')} take from "${name}". Take it out of them first.`;
  throw new GatewardError('CONFIG_INVALID', { detail });
}
