import { JsonText } from '../../lib/json-text.ts';

/** What was posted for a stream of HTTP+SSE that another replica holds. */
export interface SseLetter {
  /** The stream, as its replica calls it. */
  readonly connection: string;
  readonly server: string;
  /** `Principal.key` of who posted. */
  readonly principal: string;
  readonly body: JsonText;
}

/** A head in JSON, a line feed, and the body. */
export function writeSseLetter({ body, ...head }: SseLetter): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body.bytes]);
}

/** Reads what another replica wrote. */
export function readSseLetter(letter: Buffer): SseLetter {
  const end = letter.indexOf('\n');
  const head = JsonText.parse(letter.subarray(0, end));
  const text = (member: string): string => head.get(member)?.string() ?? '';
  // The post cuts letters out of larger pieces.
  const body = JsonText.parse(Buffer.from(letter.subarray(end + 1)));
  return { connection: text('connection'), server: text('server'), principal: text('principal'), body };
}
