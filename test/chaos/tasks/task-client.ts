import { setTimeout as sleep } from 'node:timers/promises';
import { seatOf } from '../ledger.ts';
import type { Json } from './answer.ts';
import { type KindName, kindOf, POLL_MS } from './kinds.ts';
import { insist, type Reply, send } from './task-wire.ts';

/** The handle that a client got, and what it was told of it. Milliseconds since 1970. */
export interface Handle {
  readonly id: string;
  /** When it is deleted, as it was told last. */
  expiresAt: number;
}

/** What the client of one task saw, from the call to the end. */
export interface TaskRecord {
  readonly kind: KindName;
  readonly token: string;
  readonly url: string;
  readonly startedAt: number;
  endedAt: number;
  /** The answer to the call itself. */
  first: Reply;
  /** Undefined where the call did not become a task, as far as its client knows. */
  handle: Handle | undefined;
  /** The last that it was told of the task. */
  last: Reply;
  /** When it last gave an answer, or its cancellation was acknowledged; 0 for never. */
  actedAt: number;
  isCancelled: boolean;
  /** What no server may do, such as to ask under a key twice. */
  readonly faults: string[];
}

/** How long a client insists on an answer to one request. */
const INSIST_MS = 45_000;
/** A task that is not over after this long never will be. */
export const HANG_MS = 120_000;
/** How long a client thinks before it cancels. */
const MAX_THINK_MS = 2_000;
const FINAL = ['completed', 'failed', 'cancelled'];

/** The status of the task in a reply to `tasks/get`; undefined where there is none. */
export function statusIn(reply: Reply): string | undefined {
  return reply.kind === 'result' ? String(reply.result['status']) : undefined;
}

/** Makes one call of a kind, and follows the task that comes of it to its end. */
export async function runTask(kind: KindName, token: string, base: string): Promise<TaskRecord> {
  const { server, tool, maxWorkMs, isCancelled } = kindOf(kind);
  const url = `${base}/servers/${server}/mcp`;
  const workMs = isCancelled === true ? maxWorkMs : Math.round(Math.random() * maxWorkMs);
  const startedAt = Date.now();
  const first = await send(url, 'tools/call', { name: tool, arguments: { token, workMs } });
  const record: TaskRecord = {
    ...{ kind, token, url, startedAt, first },
    endedAt: Date.now(),
    handle: undefined,
    last: first,
    actedAt: 0,
    isCancelled: false,
    faults: [],
  };
  if (first.kind !== 'result' || first.result['resultType'] !== 'task') return record;
  record.handle = readHandle(first.result);
  const cancelled = isCancelled === true ? cancel(record, record.handle.id) : undefined;
  await follow(record, record.handle);
  await cancelled;
  return record;
}

function readHandle(task: Json): Handle {
  return { id: String(task['taskId']), expiresAt: expiryOf(task) };
}

function expiryOf({ createdAt, ttlMs }: Json): number {
  return ttlMs === null ? Number.POSITIVE_INFINITY : Date.parse(String(createdAt)) + Number(ttlMs);
}

async function follow(record: TaskRecord, handle: Handle): Promise<void> {
  const answered = new Set<string>();
  const until = Date.now() + HANG_MS;
  let pauseMs = POLL_MS;
  while (Date.now() < until) {
    await sleep(pauseMs);
    const request = { method: 'tasks/get', params: { taskId: handle.id } };
    record.last = await insist(record.url, request, INSIST_MS);
    record.endedAt = Date.now();
    if (record.last.kind !== 'result') return;
    const task = record.last.result;
    handle.expiresAt = expiryOf(task);
    pauseMs = Number(task['pollIntervalMs'] ?? POLL_MS);
    const status = String(task['status']);
    if (FINAL.includes(status)) return;
    if (status === 'input_required') await answer(record, { id: handle.id, task, answered });
  }
}

interface Asked {
  readonly id: string;
  readonly task: Json;
  /** Keys to which this client has given an answer. */
  readonly answered: Set<string>;
}

/** Answers what is new, each question by an update of its own, which may reach any replica. */
async function answer(record: TaskRecord, { id, task, answered }: Asked): Promise<void> {
  const open = Object.entries(Object(task['inputRequests']) as Json);
  if (open.length === 0) record.faults.push('input_required without a question');
  for (const [key, request] of open) {
    if (answered.has(key)) continue;
    answered.add(key);
    const wording = String(Object(Object(request).params).message);
    if (!wording.startsWith(`${record.token} `)) record.faults.push(`asked for somebody else: ${wording}`);
    const response = { action: 'accept', content: { seat: seatOf(wording) } };
    const params = { taskId: id, inputResponses: { [key]: response } };
    const reply = await insist(record.url, { method: 'tasks/update', params }, INSIST_MS);
    if (reply.kind !== 'result') record.faults.push(`an answer was refused: ${JSON.stringify(reply)}`);
    record.actedAt = Date.now();
  }
}

async function cancel(record: TaskRecord, id: string): Promise<void> {
  await sleep(Math.random() * MAX_THINK_MS);
  const reply = await insist(record.url, { method: 'tasks/cancel', params: { taskId: id } }, INSIST_MS);
  record.isCancelled = reply.kind === 'result';
  record.actedAt = Date.now();
  if (reply.kind !== 'result') record.faults.push(`it could not be cancelled: ${JSON.stringify(reply)}`);
}
