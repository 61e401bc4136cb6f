import { readEnvironment } from '../../config/env.ts';
import type { Environment } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { createDisk } from '../config-file/disk.ts';
import { openConfigFile } from '../config-file/open-config-file.ts';
import { type Ask, confirm, createAsk } from '../confirm.ts';
import { sayOfThings } from '../count-things.ts';
import { EXIT } from '../exit-codes.ts';
import { type Backup, Backups } from '../import/backup.ts';
import { undoImport } from '../import/undo-import.ts';
import { bare, show } from '../shown-text.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward import --undo` is given. */
export interface UndoImportOptions {
  readonly config: string | undefined;
  /** Show what would be done, and write nothing. */
  readonly isDryRun: boolean;
  readonly isAgreed: boolean;
}

/** What undoing needs of the process. Tests hand in their own. */
export interface UndoImportParts {
  readonly terminal: Terminal;
  readonly environment?: Environment;
  readonly ask?: Ask;
}

/**
 * `gateward import --undo`: puts the files of clients back as they were before the last import, with their tokens, and
 * takes the upstreams that it made out of the configuration.
 *
 * @throws GatewardError INPUT_UNREADABLE if there is no import to undo; NOT_CONFIRMED, SECRET_INVALID and others.
 */
export async function undoLastImport(options: UndoImportOptions, parts: UndoImportParts): Promise<number> {
  const { terminal, environment = readEnvironment() } = parts;
  const disk = createDisk();
  const edit = await openConfigFile(options.config, { environment, disk, mayBegin: true });
  const kept = await (await Backups.open(edit.loaded.config.dataDir, environment)).newest();
  if (kept === undefined) {
    const detail = `No import is kept below ${edit.loaded.config.dataDir}.`;
    throw new GatewardError('INPUT_UNREADABLE', { detail });
  }
  const { backup } = kept;
  for (const { path } of backup.files) terminal.say(show`${bare(path)} becomes what it was.`.text);
  const names = backup.upstreams.join(', ');
  if (names !== '') terminal.say(show`${bare(names)} leave ${bare(backup.config)}.`.text);
  if (options.isDryRun) return tellBackup(backup, terminal);
  const question = show`Undo the import of ${bare(backup.madeAt)}? Tokens stand in plain text again. [y/N] `;
  if (!options.isAgreed) await confirm(parts.ask ?? createAsk(terminal.isJson), question);
  const clientDisk = createDisk('CLIENT_CONFIG_INVALID');
  const done = await undoImport(kept, { environment, disk, clientDisk });
  const { restored, failed, removed, configError } = done;
  terminal.emit({
    dryRun: false,
    restored,
    kept: done.kept,
    failed: failed.map(({ path, error }) => ({ path, message: error.message })),
    removed,
    changed: done.changed,
    configError: configError?.message ?? null,
  });
  for (const { path, at } of done.kept)
    terminal.warn(
      show`In ${bare(path)} something else stands at ${bare(at.join('.'))} by now. Move it away, then undo again.`
        .text,
    );
  for (const name of done.changed)
    terminal.warn(
      show`${bare(name)} was changed since, and stays in ${bare(backup.config)}: gateward server remove takes it out.`
        .text,
    );
  for (const { error } of failed) terminal.warn(show`${bare(error.message)}`.text);
  if (configError !== undefined) terminal.warn(configError.message);
  const files = sayOfThings(restored.length, 'file', ['is as it was', 'are as they were']);
  terminal.say(`${files}; ${sayOfThings(removed.length, 'upstream', ['is gone', 'are gone'])}.`);
  return failed.length + done.kept.length === 0 && configError === undefined ? EXIT.ok : EXIT.failed;
}

/** What would be done, in the form of what was. */
function tellBackup({ files, upstreams }: Backup, terminal: Terminal): number {
  const restored = files.map(({ path }) => path);
  terminal.emit({
    dryRun: true,
    restored,
    kept: [],
    failed: [],
    removed: upstreams,
    changed: [],
    configError: null,
  });
  terminal.say('Nothing was changed.');
  return EXIT.ok;
}
