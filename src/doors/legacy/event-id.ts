import { randomBytes } from 'node:crypto';
import type { SseFields } from '../../wire/sse.ts';

/** An event of a stream, as its id names it. */
export interface EventId {
  readonly stream: string;
  readonly number: number;
}

/** Streams whose messages are not kept: what a client missed on them is made up for, not replayed. */
const UNRELATED = 'g';
const KEPT = 'p';
const PATTERN = /^([gp][A-Za-z0-9_-]{12})\.(\d{1,12})$/;

/** Names a stream, uniquely in its session at whichever replica. */
export function nameStream(kind: 'call' | 'unrelated'): string {
  return (kind === 'call' ? KEPT : UNRELATED) + randomBytes(9).toString('base64url');
}

/** The id of an event: it names its stream (2025-11-25 basic/transports §Resumability and Redelivery). */
export function writeEventId({ stream, number }: EventId): string {
  return `${stream}.${number}`;
}

/** What the event of a message says beside it. */
export function messageFields(id: EventId): SseFields {
  return { event: 'message', id: writeEventId(id) };
}

/** What a `Last-Event-ID` names; undefined for one that was not made here. */
export function readEventId(text: string): EventId | undefined {
  const [, stream, number] = PATTERN.exec(text) ?? [];
  return stream === undefined || number === undefined ? undefined : { stream, number: Number(number) };
}

/** True for a stream of a GET, whose messages belong to no call. */
export function isUnrelated({ stream }: EventId): boolean {
  return stream.startsWith(UNRELATED);
}
