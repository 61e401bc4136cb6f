import { JsonText } from '../../lib/json-text.ts';
import { readHeadedLetter, writeHeadedLetter } from './headed-letter.ts';

/** What was posted for a stream of HTTP+SSE that another replica holds. */
export interface SseLetter {
  /** The stream, as its replica calls it. */
  readonly connection: string;
  readonly server: string;
  /** `Principal.key` of who posted. */
  readonly principal: string;
  readonly body: JsonText;
}

/** The body travels as it is. */
export function writeSseLetter({ body, ...head }: SseLetter): Buffer {
  return writeHeadedLetter(head, body.bytes);
}

/** Reads what another replica wrote. */
export function readSseLetter(letter: Buffer): SseLetter {
  const { text, data } = readHeadedLetter(letter);
  return {
    connection: text('connection'),
    server: text('server'),
    principal: text('principal'),
    body: JsonText.parse(data),
  };
}
