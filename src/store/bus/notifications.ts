import { readWakeups, type Wakeup } from './topics.ts';

/** Who notified, and of what. */
export interface Notification {
  readonly sender: string;
  readonly wakeups: readonly Wakeup[];
}

/** PostgreSQL takes less than 8,000 bytes. */
const MAX_BYTES = 7_900;
const HEAD_BYTES = 100;

/**
 * Writes wake-ups as payloads of `NOTIFY`, as many in each as it takes. No two payloads are the same, even if what
 * they say is: PostgreSQL tells equal ones of a transaction once.
 */
export function writePayloads(
  sender: string,
  nextNumber: () => number,
  wakeups: readonly Wakeup[],
): string[] {
  const payloads: string[] = [];
  let parts: string[] = [];
  let bytes = 0;
  const end = (): void => {
    if (parts.length > 0) payloads.push(`[${JSON.stringify(sender)},${nextNumber()},${parts.join(',')}]`);
    parts = [];
    bytes = 0;
  };
  for (const wakeup of wakeups) {
    const part = writeWakeup(wakeup);
    const size = Buffer.byteLength(part) + 1;
    if (bytes + size > MAX_BYTES - HEAD_BYTES) end();
    parts.push(part);
    bytes += size;
  }
  end();
  return payloads;
}

/** Reads a payload; undefined if it is of another version of the gateway, or of another program. */
export function readPayload(payload: string): Notification | undefined {
  const read = parse(payload);
  if (!Array.isArray(read)) return undefined;
  const [sender, number, ...rest]: unknown[] = read;
  const wakeups = readWakeups(rest.map(decode));
  if (typeof sender !== 'string' || typeof number !== 'number' || wakeups === undefined) return undefined;
  return { sender, wakeups };
}

/** As JSON; as base64 where the escapes of JSON would make it too long. */
function writeWakeup([topic, text]: Wakeup): string {
  const json = JSON.stringify([topic, text]);
  if (Buffer.byteLength(json) < MAX_BYTES - HEAD_BYTES) return json;
  return JSON.stringify([toBase64(topic), toBase64(text), 'base64']);
}

function decode(part: unknown): unknown {
  if (!Array.isArray(part) || part.length !== 3 || part[2] !== 'base64') return part;
  return part.slice(0, 2).map((value) => Buffer.from(String(value), 'base64').toString());
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
