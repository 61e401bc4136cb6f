/** One letter to another replica. */
export interface PostLetter {
  readonly subject: string;
  readonly body: Buffer;
}

/** Letters that travel together. */
export interface Bundle {
  readonly from: string;
  /** Counts what one replica sends to another, from 1. */
  readonly number: number;
  readonly letters: readonly PostLetter[];
}

const FORMAT = 1;
const HEAD_BYTES = 10;
/** Bytes that a letter adds to its subject and body. */
export const LETTER_OVERHEAD = 5;

/** Writes a bundle as bytes: format, sender, number, then each letter with its lengths. */
export function writeBundle({ from, number, letters }: Bundle): Buffer {
  const sender = Buffer.from(from);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(FORMAT, 0);
  head.writeUInt8(sender.length, 1);
  head.writeDoubleBE(number, 2);
  const parts = letters.flatMap(({ subject, body }) => {
    const name = Buffer.from(subject);
    const lengths = Buffer.alloc(LETTER_OVERHEAD);
    lengths.writeUInt8(name.length, 0);
    lengths.writeUInt32BE(body.length, 1);
    return [lengths, name, body];
  });
  return Buffer.concat([head, sender, ...parts]);
}

/** Reads a bundle; undefined for a format of another version of the gateway. Bytes that were sealed are trusted. */
export function readBundle(bytes: Buffer): Bundle | undefined {
  if (bytes.length < HEAD_BYTES || bytes.readUInt8(0) !== FORMAT) return undefined;
  let at = HEAD_BYTES + bytes.readUInt8(1);
  const from = bytes.toString('utf8', HEAD_BYTES, at);
  const letters: PostLetter[] = [];
  while (at + LETTER_OVERHEAD <= bytes.length) {
    const subjectAt = at + LETTER_OVERHEAD;
    const bodyAt = subjectAt + bytes.readUInt8(at);
    const end = bodyAt + bytes.readUInt32BE(at + 1);
    letters.push({
      subject: bytes.toString('utf8', subjectAt, bodyAt),
      body: bytes.subarray(bodyAt, end),
    });
    at = end;
  }
  return { from, number: bytes.readDoubleBE(2), letters };
}
