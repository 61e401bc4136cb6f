import { GatewardError } from '../../errors.ts';
import { type Baseline, type SealedFile, type SealedPart, sealFile } from '../../guard/seal/baseline.ts';
import { type Checked, checkBaseline, findBypasses } from '../../guard/seal/check-baseline.ts';
import type { ClientFile } from '../../guard/seal/client-file.ts';
import { listClientFiles } from '../../guard/seal/list-client-files.ts';
import { type ClientReading, readClientFile } from '../../guard/seal/read-client-file.ts';
import { readSealText, writeBaseline } from '../../guard/seal/seal-file.ts';
import { maskSecrets, showValue } from '../../guard/seal/show-value.ts';
import { systemClock, timeOf } from '../../lib/clock.ts';
import { nameHidden } from '../../lib/hidden-text.ts';
import { makeDataFolder } from '../../store/key-files.ts';
import { countThings, sayOfThings } from '../count-things.ts';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../format-table.ts';
import { findSealPlace, readSeal, type SealFlags, type SealPlace } from '../seal-place.ts';
import { bypassToJson, changeToJson, describeBypass, describeChange, LIMIT, MOVES } from '../seal-report.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward seal` is given. */
export interface SealOptions extends SealFlags {
  /** Seal what raises an alarm too. */
  readonly accept?: boolean;
}

interface Taken {
  readonly files: readonly SealedFile[];
  /** What an older seal has and this one does not look at: as it was sealed then. */
  readonly kept: readonly SealedFile[];
  readonly skipped: readonly { readonly client: string; readonly file: string; readonly reason: string }[];
  readonly bypasses: Checked['bypasses'];
}

/**
 * `gateward seal`: signs what the clients have now. Over an older seal it says first what changed, and where that raises
 * an alarm, it changes nothing without --accept. Files of the older seal that it is not asked to look at, or cannot
 * read, stay as they were sealed. Ends with 1 if something was left out or nothing was sealed.
 *
 * @throws GatewardError SEAL_INVALID, DATA_FOLDER_UNUSABLE, SECRET_INVALID
 */
export async function sealClients(options: SealOptions, terminal: Terminal): Promise<number> {
  const accepts = options.accept === true;
  const found = await findSealPlace(options);
  const older = await readOlder(found, accepts);
  const read = readOnce();
  const changes = accepts || older === undefined ? [] : (await checkBaseline(older, read)).changes;
  const alarms = changes.filter(({ level }) => level === 'alarm');
  if (!terminal.isJson) for (const change of changes) terminal.say(describeChange(change));
  if (alarms.length > 0) {
    terminal.emit({ sealed: false, changes: changes.map(changeToJson) });
    terminal.say('\nNothing was sealed. If all of this is your doing: gateward seal --accept');
    return EXIT.failed;
  }
  const taken = await take(found, older?.files ?? [], read);
  await makeDataFolder(found.folder);
  const { home, projects } = found.place;
  const baseline: Baseline = {
    version: 1,
    sealedAt: timeOf(systemClock),
    home,
    projects: [...new Set([...(older?.projects ?? []), ...projects])],
    gateways: found.gateways,
    files: [...taken.files, ...taken.kept],
  };
  await writeBaseline(found.folder, baseline, await found.openSeal());
  terminal.emit(toJson(baseline, taken));
  if (!terminal.isJson) describe(taken, terminal);
  return taken.skipped.length === 0 ? EXIT.ok : EXIT.failed;
}

/** The seal before this one. One that is broken is none, where somebody takes responsibility. */
async function readOlder(found: SealPlace, accepts: boolean): Promise<Baseline | undefined> {
  if ((await readSealText(found.folder)) === undefined) return undefined;
  try {
    return (await readSeal(found)).baseline;
  } catch (error) {
    if (accepts && error instanceof GatewardError && error.code === 'SEAL_INVALID') return undefined;
    throw error;
  }
}

type Read = (file: ClientFile) => Promise<ClientReading>;

/** Reads each file once, so that what is sealed is what was judged. */
function readOnce(): Read {
  const known = new Map<string, Promise<ClientReading>>();
  return (file) => {
    const key = keyOf(file);
    const reading = known.get(key) ?? readClientFile(file);
    known.set(key, reading);
    return reading;
  };
}

/** The parts that are looked for belong to it: another version may look for more. */
function keyOf({ client, path, selectors }: ClientFile): string {
  return JSON.stringify([client, path, selectors]);
}

async function take(
  { place, clients, gateways }: SealPlace,
  older: readonly SealedFile[],
  read: Read,
): Promise<Taken> {
  const files: SealedFile[] = [];
  const skipped: Taken['skipped'][number][] = [];
  const bypasses: Checked['bypasses'][number][] = [];
  for (const file of listClientFiles(place, clients)) {
    const reading = await read(file);
    if (reading.state === 'broken') {
      skipped.push({ client: file.client, file: file.path, reason: reading.reason });
      continue;
    }
    files.push(sealFile(file, reading));
    bypasses.push(...findBypasses(file, reading, gateways));
  }
  const isTaken = ({ client, path }: ClientFile): boolean =>
    files.some((file) => file.client === client && file.path === path);
  const kept = older.filter((file) => !isTaken(file));
  if (files.length > 0 || skipped.length === 0) return { files, kept, skipped, bypasses };
  const detail = skipped.map(({ file, reason }) => `${file}: ${reason}.`).join(' ');
  throw new GatewardError('CLIENT_CONFIG_INVALID', { detail });
}

/** The parts that are shown: a flag that says nothing is sealed all the same. */
function listParts<T>(files: readonly SealedFile[], show: (file: SealedFile, part: SealedPart) => T): T[] {
  return files.flatMap((file) => file.parts.filter(({ isIdle }) => !isIdle).map((part) => show(file, part)));
}

function toJson({ sealedAt, files: all }: Baseline, { files, kept, skipped, bypasses }: Taken): unknown {
  const parts = listParts(files, ({ client, path: file }, { kind, pointer, name, digest, value }) => ({
    client,
    file,
    kind,
    pointer,
    name,
    digest,
    value: maskSecrets(value),
  }));
  const warnings = bypasses.map(bypassToJson);
  const before = kept.map(({ client, path: file }) => ({ client, file }));
  return { sealed: true, sealedAt, files: all.length, parts, kept: before, skipped, warnings, note: LIMIT };
}

function describe({ files, kept, skipped, bypasses }: Taken, terminal: Terminal): void {
  const rows = listParts(files, ({ client, path }, { kind, name, value }) => [
    client,
    kind,
    nameHidden(name),
    nameHidden(path),
    nameHidden(showValue(value)),
  ]);
  if (rows.length > 0) terminal.say(formatTable([['CLIENT', 'KIND', 'NAME', 'FILE', 'VALUE'], ...rows]));
  const there = files.filter(({ realPath }) => realPath !== null).length;
  const absent = sayOfThings(files.length - there, 'file', [
    'that is not there yet is',
    'that are not there yet are',
  ]);
  terminal.say(
    `\nSealed ${countThings(rows.length, 'part')} of ${countThings(there, 'file')}; ${absent} guarded too.`,
  );
  const stay = ['stays as it was sealed before', 'stay as they were sealed before'] as const;
  if (kept.length > 0) terminal.say(`${sayOfThings(kept.length, 'file', stay)}.`);
  for (const { file, reason } of skipped) terminal.warn(`Left out: ${file}: ${reason}.`);
  for (const bypass of bypasses) terminal.warn(describeBypass(bypass));
  if (bypasses.length > 0) terminal.warn(MOVES);
  terminal.say(`\n${LIMIT}`);
}
