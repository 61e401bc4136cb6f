import type { Failed } from '../call.ts';

/** Characters of a note. Upstreams write error messages of any length. */
const MAX_NOTE = 500;

/** What is said about a task or an attempt, in public words. */
export function noteOf(text: string | undefined): string | undefined {
  return text === undefined || text.length <= MAX_NOTE ? text : `${text.slice(0, MAX_NOTE).toWellFormed()}…`;
}

/** What is said of a failure. */
export function failureNote({ error }: Pick<Failed, 'error'>): string {
  return noteOf(error.get('message')?.string()) ?? 'It failed.';
}
