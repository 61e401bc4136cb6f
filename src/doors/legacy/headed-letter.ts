import { JsonText } from '../../lib/json-text.ts';

/** A letter to another replica: what it is about, and bytes that travel as they are. */
export interface HeadedLetter {
  /** A member of the head that is a text; empty where there is none. */
  readonly text: (member: string) => string;
  readonly data: Buffer;
}

/** Writes a head in JSON, a line feed, and the data. */
export function writeHeadedLetter(head: object, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), data]);
}

/** Reads what `writeHeadedLetter` wrote. */
export function readHeadedLetter(letter: Buffer): HeadedLetter {
  const end = letter.indexOf('\n');
  const head = JsonText.parse(letter.subarray(0, end));
  return {
    text: (member) => head.get(member)?.string() ?? '',
    // The post cuts letters out of larger pieces.
    data: Buffer.from(letter.subarray(end + 1)),
  };
}
