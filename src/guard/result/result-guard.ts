import type { Notify, Outcome } from '../../call.ts';
import type { UpstreamConfig } from '../../config/types.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { Log } from '../../lib/log.ts';
import { failedUpstream } from '../../wire/failure.ts';
import { type Found, hasFound, JsonGuard } from './guard-json.ts';
import { NotificationGuard } from './guard-notification.ts';
import { type Answered, type GuardedOutcome, type GuardRules, guardOutcome } from './guard-outcome.ts';

/** What an upstream answered to one call. */
export type AnswerOf = Pick<Answered, 'method' | 'outcome' | 'outputSchema' | 'before'>;

/** A sink for notifications. */
export interface Heard {
  readonly notify: Notify;
  /** What was said last, of which the result may be the rest. */
  said(): readonly string[];
}

/** The rules of every upstream of a configuration, applied to what they send. */
export interface ResultGuard {
  /** The outcome as the caller may have it; a plain value unless a schema has to be looked up. */
  outcome(upstream: string, answer: AnswerOf): Outcome | Promise<Outcome>;
  /** The same for what an upstream says of a task of its own (tasks extension: a DetailedTask). */
  task(
    upstream: string,
    outcome: Outcome,
    outputSchema: Answered['outputSchema'],
  ): Outcome | Promise<Outcome>;
  /** A sink for the notifications of one call. It holds nothing back, and remembers what was said last. */
  notify(upstream: string, notify: Notify): Heard;
  /** A request or notification that belongs to no call. What one session is told is read together, as long as it lives. */
  message(upstream: string, message: JsonText, session?: object): JsonText;
}

/** Puts the guard together. The log is told rules and places, never a word of the text. */
export function createResultGuard(
  upstreams: readonly Pick<UpstreamConfig, 'name' | 'guard'>[],
  log: Log,
): ResultGuard {
  const guard = new JsonGuard();
  const known = new Map<string, Known>(
    upstreams.map(({ name, guard: rules }) => [
      name,
      { rules: { upstream: name, rules }, told: new WeakMap() },
    ]),
  );
  const note = (upstream: string, method: string, found: Found): void => {
    if (!hasFound(found)) return;
    const { findings, changed } = found;
    log.info('a rule met what an upstream sent', { upstream, method, findings, changed });
  };
  const passed = (upstream: string, heard: NotificationGuard, message: JsonText): JsonText => {
    const guarded = heard.pass(message);
    note(upstream, 'notifications', guarded);
    return guarded.notification;
  };
  const outcomeOf = (upstream: string, answer: AnswerOf): Outcome | Promise<Outcome> => {
    const rules = known.get(upstream)?.rules;
    if (rules === undefined) return answer.outcome;
    const done = (guarded: GuardedOutcome): Outcome => {
      note(upstream, answer.method, guarded);
      return guarded.outcome;
    };
    const guarded = guardOutcome(guard, { ...rules, ...answer });
    return guarded instanceof Promise ? guarded.then(done) : done(guarded);
  };
  return {
    outcome: outcomeOf,
    task: (upstream, outcome, outputSchema) =>
      guardTaskState(outcome, outputSchema, (answer) => outcomeOf(upstream, answer)),
    notify(upstream, notify) {
      const rules = known.get(upstream)?.rules;
      if (rules === undefined) return { notify, said: () => [] };
      const heard = new NotificationGuard(guard, rules);
      return {
        notify: (notification) => notify(passed(upstream, heard, notification)),
        said: () => heard.said,
      };
    },
    message(upstream, message, session) {
      const one = known.get(upstream);
      if (one === undefined) return message;
      const before = session === undefined ? undefined : one.told.get(session);
      const heard = before ?? new NotificationGuard(guard, one.rules);
      if (session !== undefined) one.told.set(session, heard);
      return passed(upstream, heard, message);
    },
  };
}

/** How a task ended is an outcome of its tool, and is guarded as such; everything else of the task by itself. */
async function guardTaskState(
  outcome: Outcome,
  outputSchema: Answered['outputSchema'],
  guarded: (answer: AnswerOf) => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  const end = outcome.kind === 'complete' ? endOf(outcome.result) : undefined;
  if (outcome.kind !== 'complete' || end === undefined) return guarded({ method: 'tasks/get', outcome });
  const ended = await guarded({
    method: 'tools/call',
    outcome: end,
    ...(outputSchema !== undefined && { outputSchema }),
  });
  const bare = { ...outcome, result: outcome.result.with({ result: undefined, error: undefined }) };
  const around = await guarded({ method: 'tasks/get', outcome: bare });
  // What is around its end was withheld, so the task has failed.
  if (around.kind === 'error' || around.result.get('error') !== undefined) return around;
  const shown = ended.kind === 'error' ? { error: ended.error } : { result: ended.result };
  return { ...around, result: around.result.with(shown) };
}

function endOf(task: JsonText): Outcome | undefined {
  const result = task.get('result');
  if (result !== undefined) return { kind: 'complete', result };
  const error = task.get('error');
  return error && failedUpstream(error);
}

/** What is known of one upstream. */
interface Known {
  readonly rules: GuardRules;
  /** What its sessions were told outside their calls. */
  readonly told: WeakMap<object, NotificationGuard>;
}
