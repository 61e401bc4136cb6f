import { createHash } from 'node:crypto';
import { openSync, readFileSync, writeSync } from 'node:fs';

/** What a writer was told is kept: how far it came with each thing, by name. Steps count from 0. */
export type Acknowledgments = ReadonlyMap<string, number>;

const REPEATED = 32;
const LARGE = 900;

/** The bytes that belong to a name: 32 to 512, now and then 29 KB, so that a row takes several pages. */
export function bodyOf(name: string): Buffer {
  const hash = createHash('sha256').update(name).digest();
  const repeats = hash[1] !== undefined && hash[1] % REPEATED === 0 ? LARGE : 1 + ((hash[0] ?? 0) % 16);
  return Buffer.concat(Array.from({ length: repeats }, () => hash));
}

/** Notes acknowledgments in a file, each before it returns: what the system took survives the end of a process. */
export function openJournal(file: string): (name: string, step: number) => void {
  const handle = openSync(file, 'a');
  return (name, step) => {
    writeSync(handle, `${name} ${step}\n`);
  };
}

export function readJournal(file: string): Acknowledgments {
  const newest = new Map<string, number>();
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const [name = '', step] = line.split(' ');
    newest.set(name, Math.max(newest.get(name) ?? 0, Number(step)));
  }
  return newest;
}
