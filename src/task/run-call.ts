import type { Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { JsonText } from '../lib/json-text.ts';
import {
  declaresTasks,
  declareTasks,
  tasksNotDeclared,
  undeclareTasks,
  wantsTasks,
} from '../wire/declare-tasks.ts';
import { madeOf, type RunCall, type TaskAsk, taskOf } from './make-task.ts';
import { promoteCall } from './promote-call.ts';
import type { TaskRules } from './rules.ts';
import type { TaskParts } from './task-parts.ts';
import type { TaskQuota } from './task-quota.ts';
import type { TaskWork } from './task-work.ts';
import { cancelQuietly, readCreated } from './upstream-task.ts';
import { resumeWaiting, waitForCreated } from './wait-for-upstream-task.ts';

/** What running calls as tasks needs. */
export interface RunCallParts {
  readonly parts: TaskParts;
  readonly quota: TaskQuota;
  readonly work: TaskWork;
}

/** A call, what runs it, and the rules of its tool. */
interface Running {
  readonly ask: TaskAsk;
  readonly run: RunCall;
  readonly rules: TaskRules;
}

/**
 * Runs a `tools/call` by the rules of its tool: as a task from the start, as one that may become a task, or plainly. A
 * client that knows no tasks never sees one: where the upstream makes one, it waits for the result.
 *
 * Throws MISSING_CAPABILITY, METHOD_NOT_FOUND, TASK_LIMIT, STORE_UNAVAILABLE, and what `run` throws.
 */
export function runCall(ask: TaskAsk, run: RunCall, needs: RunCallParts): Promise<Outcome> {
  const { call, source } = ask;
  const { parts } = needs;
  const upstream = parts.upstream(source.name);
  if (upstream === undefined) return run(call);
  const resumed = resumeWaiting(ask, parts);
  if (resumed !== undefined) return resumed;
  const rules = upstream.rules(call.name ?? '');
  const running = { ask, run, rules };
  const wish = call.legacy?.task;
  if (wish === undefined && (call.legacy !== undefined || !declaresTasks(call)))
    return runPlainly(running, parts);
  if (rules.mode === 'never') {
    // 2025-11-25 basic/utilities/tasks §Tool-Level Negotiation: such a request is refused with -32601.
    if (wish !== undefined)
      throw new GatewardError('METHOD_NOT_FOUND', { detail: 'This tool is never run as a task.' });
    return runPlainly({ ...running, ask: { ...ask, call: undeclareTasks(call) } }, parts);
  }
  // The replica that died may have made the task already; its client finds it in tasks/list.
  if (call.legacy?.again === true && !upstream.repeatable(call.name ?? ''))
    throw new GatewardError('UPSTREAM_LOST');
  if (wish === undefined && rules.mode === 'auto') {
    const adopt = (created: JsonText): Promise<Outcome> => adoptTask(running, created, needs);
    return promoteCall(ask, run, { ...needs, rules, adopt });
  }
  return makeTask(running, needs);
}

/** The task's row is there before its call begins. */
async function makeTask({ ask, rules }: Running, { parts, quota, work }: RunCallParts): Promise<Outcome> {
  await quota.take(ask.principal.key);
  const row = await work.create(taskOf(ask, { rules, isUnderWay: false }, parts), ask.call.signal);
  parts.meter.created(ask.source.name, 'at-once');
  return madeOf(row, parts);
}

/** The upstream made a task of its own: its client gets a handle of ours for it. */
async function adoptTask(
  { ask, rules }: Running,
  created: JsonText,
  { parts, quota, work }: RunCallParts,
): Promise<Outcome> {
  const upstreamTask = readCreated(created);
  const { signal } = ask.call;
  try {
    signal.throwIfAborted();
    await quota.take(ask.principal.key);
    const held = await work.adopt(taskOf(ask, { rules, isUnderWay: true, upstreamTask }, parts));
    if (signal.aborted) {
      // Its client is gone, and nobody else knows of it.
      void work.discard(held);
      throw signal.reason;
    }
    work.begin(held, undefined);
    parts.meter.created(ask.source.name, 'upstream');
    return madeOf(held.row, parts);
  } catch (thrown) {
    await cancelQuietly(
      ask,
      { id: upstreamTask.id, message: ask.call.message, owner: ask.principal.key },
      parts.log,
    );
    throw thrown;
  }
}

async function runPlainly({ ask, run, rules }: Running, parts: TaskParts): Promise<Outcome> {
  const { call } = ask;
  if (rules.mode === 'required') {
    if (call.legacy === undefined) throw tasksNotDeclared();
    throw new GatewardError('METHOD_NOT_FOUND', { detail: 'This tool is run as a task only.' });
  }
  let outcome = await run(call);
  if (outcome.kind === 'error' && wantsTasks(outcome.error)) {
    // Nothing was run: the upstream wants a client that knows tasks, and the gateway is one.
    outcome = await run({ ...declareTasks(call), task: { onResumable: () => undefined } });
  }
  return outcome.kind === 'task' ? waitForCreated(ask, outcome.result, parts) : outcome;
}
