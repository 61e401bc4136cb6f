import type { Call, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { raceAbort } from '../lib/race-abort.ts';
import { wait } from '../lib/wait.ts';
import type { TaskAsk } from './make-task.ts';
import type { TaskParts } from './task-parts.ts';
import { requestsOf } from './task-view.ts';
import {
  type AskedTask,
  answerAt,
  cancelQuietly,
  lookAt,
  readCreated,
  UpstreamAnsweredError,
  type UpstreamState,
} from './upstream-task.ts';

/** Milliseconds between two looks where the upstream does not say, and at least. */
const POLL_MS = 1000;
const MIN_POLL_MS = 100;
const USE = 'task-of-upstream';

/** A task of the upstream's own whose client waits. */
interface Waited {
  readonly id: string;
  /** Keys that were answered. The upstream may show them for a while. */
  readonly answered: readonly string[];
}

/**
 * Waits for a task that the upstream made of a call, for a client that knows no tasks. Progress is kept alive; what the
 * task asks goes to the client as with any call, and a client that leaves cancels the task.
 */
export function waitForCreated(ask: TaskAsk, created: JsonText, parts: TaskParts): Promise<Outcome> {
  return waitFor(ask, { id: readCreated(created).id, answered: [] }, parts);
}

/** Goes on with a task that asked something, if the retry is one of these; otherwise undefined. */
export function resumeWaiting(ask: TaskAsk, parts: TaskParts): Promise<Outcome> | undefined {
  const params = ask.call.message.get('params');
  const state = params?.get('requestState')?.string();
  const waited = state === undefined ? undefined : openWaited(ask, state, parts);
  if (waited === undefined) return undefined;
  const given = params?.get('inputResponses');
  const answers = new Map(
    (given?.keys() ?? []).flatMap((key) => {
      const answer = given?.get(key);
      return answer === undefined ? [] : [[key, answer] as const];
    }),
  );
  return answerAndWait(ask, waited, { answers, parts });
}

async function answerAndWait(
  ask: TaskAsk,
  waited: Waited,
  { answers, parts }: { readonly answers: ReadonlyMap<string, JsonText>; readonly parts: TaskParts },
): Promise<Outcome> {
  if (answers.size > 0) await answerAt(askedOf(ask, waited.id), answers);
  return waitFor(ask, { ...waited, answered: [...waited.answered, ...answers.keys()] }, parts);
}

async function waitFor(ask: TaskAsk, waited: Waited, parts: TaskParts): Promise<Outcome> {
  const { call } = ask;
  const asked = askedOf(ask, waited.id);
  try {
    for (let looks = 1; ; looks++) {
      const state = await raceAbort(lookAt(asked), call.signal);
      const outcome = outcomeOf(state, waited, (next) => sealWaited(ask, next, parts));
      if (outcome !== undefined) return outcome;
      await tellProgress(call, looks, 'note' in state ? state.note : undefined);
      const pollMs = 'pollIntervalMs' in state ? state.pollIntervalMs : undefined;
      await wait(parts.clock, Math.max(MIN_POLL_MS, pollMs ?? POLL_MS), call.signal);
      call.signal.throwIfAborted();
    }
  } catch (thrown) {
    if (call.signal.aborted) {
      const { call, principal } = ask;
      await cancelQuietly(ask, { id: waited.id, message: call.message, owner: principal.key }, parts.log);
    }
    if (thrown instanceof UpstreamAnsweredError) return thrown.outcome;
    throw thrown;
  }
}

function outcomeOf(
  state: UpstreamState,
  waited: Waited,
  seal: (waited: Waited) => string,
): Outcome | undefined {
  switch (state.status) {
    case 'completed':
      return { kind: 'complete', result: state.result.with({ resultType: JsonText.of('complete') }) };
    case 'failed':
      return { kind: 'error', error: state.error, code: undefined, retryAfterSeconds: undefined };
    case 'cancelled':
      throw new GatewardError('TASK_CANCELLED');
    case 'input_required': {
      const open = new Map([...state.asked].filter(([key]) => !waited.answered.includes(key)));
      if (open.size === 0) return undefined;
      const result = JsonText.of({ resultType: 'input_required', requestState: seal(waited) });
      return {
        kind: 'input_required',
        result: result.with({ inputRequests: requestsOf(open) }),
        legacy: undefined,
      };
    }
    default:
      return undefined;
  }
}

/** Clients and proxies give up on calls that say nothing for long. */
function tellProgress(call: Call, looks: number, note: string | undefined): Promise<void> | undefined {
  const { progressToken } = call.meta;
  if (progressToken === undefined) return undefined;
  const params = JsonText.of({ progress: looks, message: note }).with({ progressToken });
  return call.notify(JsonText.of({ jsonrpc: '2.0', method: 'notifications/progress' }).with({ params }));
}

function askedOf({ source, context, call, principal }: TaskAsk, id: string): AskedTask {
  const made = { message: call.message, signal: call.signal, principal: principal.key };
  return { source, context, id, made };
}

function sealWaited(ask: TaskAsk, { id, answered }: Waited, { seal }: TaskParts): string {
  return seal.seal(Buffer.from(JSON.stringify([...bindingOf(ask), id, answered])), USE);
}

function openWaited(ask: TaskAsk, text: string, { seal }: TaskParts): Waited | undefined {
  const bytes = seal.open(text, USE);
  if (bytes === undefined) return undefined;
  const [principal, server, upstream, tool, id, answered]: unknown[] = JSON.parse(bytes.toString('utf8'));
  const found = [principal, server, upstream, tool];
  // Sealed here, but for another caller or call.
  if (bindingOf(ask).some((part, n) => part !== found[n])) throw new GatewardError('STATE_INVALID');
  if (typeof id !== 'string' || !Array.isArray(answered)) throw new GatewardError('STATE_INVALID');
  return { id, answered: answered.filter((key) => typeof key === 'string') };
}

function bindingOf({ principal, server, source, call }: TaskAsk): readonly string[] {
  return [principal.key, server, source.name, call.name ?? ''];
}
