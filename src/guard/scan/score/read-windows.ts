import { type Prose, readClauses, type TextRole } from './read-clauses.ts';

/** A thought may take so many clauses: who is spoken to, what is to be done, what is to be kept quiet. */
export const WINDOW_CLAUSES = 3;
/** Shorter windows weigh as if they were so long: few words say little. */
const LEAST_FEATURES = 25;

/** How much the sum of the weights of a window's features counts. */
export function windowScale(count: number): number {
  return 1 / Math.sqrt(Math.max(count, LEAST_FEATURES));
}

/** Where a part of a definition stands in it, by its JSON Pointer; undefined for what nobody reads as prose. */
export function roleOf(path: string): TextRole | undefined {
  const key = path.slice(path.lastIndexOf('/') + 1);
  if (UNREAD.has(key) || /\/required\/\d+$/.test(path)) return undefined;
  if (path === '/description') return 'description';
  if (key === 'description') return 'parameter';
  return key === 'title' ? 'title' : 'other';
}

const UNREAD: ReadonlySet<string> = new Set(['name', 'type', '$schema', 'format', 'pattern', '$ref', '$id']);

/** The features of each clause of a text, kept: for training, which looks at them many times. */
export function listClauses(prose: Prose): Uint32Array[] {
  const clauses: Uint32Array[] = [];
  readClauses(prose, (features) => void clauses.push(features.slice()));
  return clauses;
}
