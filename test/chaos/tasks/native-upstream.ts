import { randomUUID } from 'node:crypto';
import { declaresTasks, TASKS_EXTENSION } from '../../fixtures/servers/modern/own-tasks.ts';
import type { Listening } from '../../fixtures/servers/shared/listen.ts';
import type { Ledger } from '../ledger.ts';
import {
  type Asked,
  argumentsOf,
  elicit,
  type Json,
  kindCalled,
  refuseWithoutTasks,
  seatIn,
  startAsked,
} from './answer.ts';
import { POLL_MS, wordingOf } from './kinds.ts';

const TTL_MS = 600_000;

/** A task of the upstream. It goes on by itself. */
interface OwnTask {
  readonly taskId: string;
  readonly token: string;
  readonly workMs: number;
  readonly createdAt: string;
  status: 'working' | 'input_required' | 'completed' | 'cancelled';
  inputRequests: Record<string, Json>;
  seats: string[];
  updatedAt: string;
}

/** A server of 2026-07-28 that makes a task of every call (tasks extension, SEP-2663). */
export function startNativeUpstream(ledger: Ledger): Promise<Listening> {
  const tasks = new Map<string, OwnTask>();
  return startAsked({
    server: 'native',
    capabilities: { extensions: { [TASKS_EXTENSION]: {} } },
    serve(asked) {
      if (!declaresTasks(asked.params)) refuseWithoutTasks(asked);
      else if (asked.method === 'tools/call') create(asked, { tasks, ledger });
      else serve(asked, { tasks, ledger });
    },
  });
}

interface House {
  readonly tasks: Map<string, OwnTask>;
  readonly ledger: Ledger;
}

function create(asked: Asked, { tasks, ledger }: House): void {
  const kind = kindCalled('native', asked);
  if (kind === undefined) return;
  const { token, workMs } = argumentsOf(asked);
  const now = new Date().toISOString();
  const questions = (kind.questions ?? []).flat();
  const task: OwnTask = {
    taskId: randomUUID(),
    token,
    workMs,
    createdAt: now,
    status: questions.length > 0 ? 'input_required' : 'working',
    inputRequests: Object.fromEntries(questions.map((one) => [one, elicit(wordingOf(token, one))])),
    seats: [],
    updatedAt: now,
  };
  tasks.set(task.taskId, task);
  ledger.execute(token);
  if (task.status === 'working') work(task, ledger);
  // As it was made: the status may not be `input_required` yet.
  asked.result({ ...describe({ ...task, status: 'working' }), resultType: 'task' });
}

function work(task: OwnTask, ledger: Ledger): void {
  setTimeout(() => {
    if (task.status === 'working') change(task, 'completed', ledger);
  }, task.workMs).unref();
}

function change(task: OwnTask, status: OwnTask['status'], ledger: Ledger): void {
  task.status = status;
  task.updatedAt = new Date().toISOString();
  ledger.touch(task.token);
}

function serve(asked: Asked, { tasks, ledger }: House): void {
  const { params, method, headers } = asked;
  const id = String(params['taskId']);
  const task = tasks.get(id);
  if (task === undefined) asked.error(-32_602, 'Unknown task');
  else if (headers['mcp-name'] !== id || headers['mcp-method'] !== method)
    asked.error(-32_020, 'Header mismatch');
  else if (method === 'tasks/get') asked.result(describe(task));
  else if (method === 'tasks/update') {
    takeAnswers(task, Object(params['inputResponses']), ledger);
    asked.result({});
  } else if (method === 'tasks/cancel') {
    ledger.withdraw(task.token);
    if (task.status !== 'completed') change(task, 'cancelled', ledger);
    asked.result({});
  } else asked.error(-32_601, 'Method not found');
}

function takeAnswers(task: OwnTask, responses: Json, ledger: Ledger): void {
  if (task.status !== 'input_required') return;
  for (const [key, response] of Object.entries(responses)) {
    if (task.inputRequests[key] === undefined) continue;
    delete task.inputRequests[key];
    task.seats.push(seatIn(response));
  }
  if (Object.keys(task.inputRequests).length > 0) return;
  change(task, 'working', ledger);
  work(task, ledger);
}

/** A DetailedTask. */
function describe(task: OwnTask): Json {
  const { taskId, token, status, createdAt, updatedAt, inputRequests, seats } = task;
  const text = [token, ...seats].join(' ');
  return {
    taskId,
    status,
    createdAt,
    lastUpdatedAt: updatedAt,
    ttlMs: TTL_MS,
    pollIntervalMs: POLL_MS,
    ...(status === 'input_required' && { inputRequests }),
    ...(status === 'completed' && { result: { content: [{ type: 'text', text }] } }),
  };
}
