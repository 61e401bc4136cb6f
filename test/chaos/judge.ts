import type { Seen } from './clients.ts';
import { type Ledger, seatOf } from './ledger.ts';
import { STREAM_EVENTS, type ToolName } from './tools.ts';

/** One call, from its start to its end. */
export interface CallRecord {
  readonly client: 'legacy' | 'modern';
  readonly upstream: 'legacy' | 'modern';
  readonly tool: ToolName;
  readonly token: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly seen: Seen;
}

/** How a call ended. The first three are as specified; the others are faults. */
export type Verdict =
  | 'right answer'
  | 'specified error'
  | 'transport error'
  | 'wrong answer'
  | 'events lost or doubled'
  | 'unexpected error'
  | 'stream not resumed'
  | 'hung'
  | 'late';

/** Verdicts that are no fault while replicas are killed. */
export const ALLOWED: readonly Verdict[] = ['right answer', 'specified error', 'transport error'];

/** A time in which something was out of order. Milliseconds since 1970. */
export interface Disturbance {
  readonly what: string;
  readonly from: number;
  readonly to: number;
}

/** How the gateway's errors begin that a lost replica, upstream or store excuses. */
const SPECIFIED = [
  'The connection to the MCP server behind the gateway was lost',
  'The MCP server behind the gateway cannot be reached',
  'The gateway is stopping',
  'The store',
];
/** A call is over so long after the last event that it needed. */
const OVER_WITHIN_MS = 5_000;
const REQUEST_TIMEOUT = -32_001;

/** What a call was, seen from its client and from its upstream. */
export function judge(record: CallRecord, ledger: Ledger, disturbances: readonly Disturbance[]): Verdict {
  const verdict = judgeEnd(record);
  if (verdict === 'hung') return verdict;
  return record.endedAt - lastNeeded(record, ledger, disturbances) > OVER_WITHIN_MS ? 'late' : verdict;
}

function judgeEnd({ seen, token, tool, client }: CallRecord): Verdict {
  if (seen.text !== undefined) {
    if (seen.text !== rightAnswer(tool, token)) return 'wrong answer';
    return tool === 'stream' && !isWhole(seen.progress) ? 'events lost or doubled' : 'right answer';
  }
  if (seen.lost !== undefined) return 'stream not resumed';
  if (seen.cut) return 'transport error';
  const { error } = seen;
  if (!(error instanceof Error)) return 'unexpected error';
  if ('code' in error && error.code === REQUEST_TIMEOUT) return 'hung';
  if (SPECIFIED.some((text) => error.message.includes(text))) return 'specified error';
  // What never reached a replica, or broke off before the first byte, is a failed `fetch`.
  const isTransport =
    error instanceof TypeError || /fetch failed|terminated|socket|HTTP 502|ECONN/i.test(error.message);
  return isTransport && (client === 'modern' || !seen.answeredAt) ? 'transport error' : 'unexpected error';
}

/** The only right answer to a call. */
function rightAnswer(tool: ToolName, token: string): string {
  const rounds = tool === 'book' ? 1 : tool === 'twice' ? 2 : 0;
  const answers = Array.from({ length: rounds }, (_, index) => `accept:${seatOf(`${token} ${index + 1}`)}`);
  return [token, ...answers].join(' ');
}

function isWhole(progress: readonly number[]): boolean {
  return progress.length === STREAM_EVENTS && progress.every((number, index) => number === index + 1);
}

function lastNeeded(
  { token, startedAt, endedAt, seen }: CallRecord,
  ledger: Ledger,
  disturbances: readonly Disturbance[],
): number {
  const during = disturbances.filter(({ from, to }) => to >= startedAt && from <= endedAt);
  const ends = during.map(({ to }) => Math.min(to, endedAt));
  return Math.max(startedAt, seen.answeredAt, ledger.lastTouchedAt(token), ...ends);
}
