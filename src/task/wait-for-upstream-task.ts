import type { Call, Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { Abort, firstAbort } from '../lib/abort.ts';
import { backoffMs } from '../lib/backoff.ts';
import { joinMembers } from '../lib/json-edit.ts';
import { JsonText } from '../lib/json-text.ts';
import { raceAbort } from '../lib/race-abort.ts';
import { wait } from '../lib/wait.ts';
import { failedUpstream } from '../wire/failure.ts';
import type { TaskAsk } from './make-task.ts';
import type { TaskParts } from './task-parts.ts';
import {
  type AskedTask,
  answerAt,
  cancelQuietly,
  isPassing,
  lookAt,
  pollMsOf,
  readCreated,
  TROUBLE,
  UpstreamAnsweredError,
  type UpstreamState,
} from './upstream-task.ts';

/** Looks in a row that may come to nothing before the task is lost: some minutes. */
const MAX_FAILURES = 20;
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
  const answers = new Map(params?.get('inputResponses')?.members());
  return answerAndWait(ask, waited, { answers, parts });
}

async function answerAndWait(
  ask: TaskAsk,
  waited: Waited,
  { answers, parts }: { readonly answers: ReadonlyMap<string, JsonText>; readonly parts: TaskParts },
): Promise<Outcome> {
  if (answers.size > 0) await passOn(ask, waited, { answers, parts });
  return waitFor(ask, { ...waited, answered: [...waited.answered, ...answers.keys()] }, parts);
}

/** Saying answers twice does no harm (SEP-2663 §Task Update Requests). */
async function passOn(
  ask: TaskAsk,
  waited: Waited,
  { answers, parts }: { readonly answers: ReadonlyMap<string, JsonText>; readonly parts: TaskParts },
): Promise<void> {
  const patience = new Patience(ask, parts);
  for (;;) {
    try {
      return await raceAbort(answerAt(askedOf(ask, waited.id), answers), ask.call.signal);
    } catch (thrown) {
      // The next look tells whether the task has ended meanwhile.
      if (thrown instanceof UpstreamAnsweredError) return;
      await patience.bear(thrown);
    }
  }
}

async function waitFor(ask: TaskAsk, waited: Waited, parts: TaskParts): Promise<Outcome> {
  const { call } = ask;
  const { clock } = parts;
  const deadlineMs = parts.upstream(ask.source.name)?.rules(call.name ?? '').deadlineMs ?? 0;
  const late = new Abort();
  const callOff = clock.after(deadlineMs, () => late.abort(new GatewardError('TASK_DEADLINE')));
  const signal = firstAbort([call.signal, late]);
  try {
    return await look({ ...ask, call: { ...call, signal } }, waited, parts);
  } catch (thrown) {
    if (thrown instanceof UpstreamAnsweredError) return thrown.outcome;
    const { message } = call;
    if (signal.aborted || isPassing(thrown))
      await cancelQuietly(ask, { id: waited.id, message, owner: ask.principal.key }, parts.log);
    throw thrown;
  } finally {
    callOff();
    signal.release();
  }
}

async function look(ask: TaskAsk, waited: Waited, parts: TaskParts): Promise<Outcome> {
  const { call } = ask;
  const asked = askedOf(ask, waited.id);
  const patience = new Patience(ask, parts);
  for (let looks = 1; ; looks++) {
    let state: UpstreamState;
    try {
      state = await raceAbort(lookAt(asked, parts), call.signal);
    } catch (thrown) {
      await patience.bear(thrown);
      continue;
    }
    patience.renew();
    const outcome = outcomeOf(state, waited, (next) => sealWaited(ask, next, parts));
    if (outcome !== undefined) return outcome;
    await tellProgress(call, looks, 'note' in state ? state.note : undefined);
    await wait(parts.clock, pollMsOf(state), call.signal);
    call.signal.throwIfAborted();
  }
}

/** Bears trouble that may pass, for a while: the task goes on meanwhile. */
class Patience {
  readonly #ask: TaskAsk;
  readonly #parts: TaskParts;
  #failures = 0;

  constructor(ask: TaskAsk, parts: TaskParts) {
    this.#ask = ask;
    this.#parts = parts;
  }

  renew(): void {
    this.#failures = 0;
  }

  /** Resolves when it is time to try again; rejects with what is not to be borne. */
  async bear(thrown: unknown): Promise<void> {
    const { signal } = this.#ask.call;
    signal.throwIfAborted();
    const mayPass = isPassing(thrown) || (thrown instanceof UpstreamAnsweredError && !thrown.isFinal);
    if (!mayPass) throw thrown;
    // What cannot be reached now has run something, whatever the failure says.
    if (++this.#failures >= MAX_FAILURES) throw new GatewardError('UPSTREAM_LOST', { cause: thrown });
    const { clock, random } = this.#parts;
    await wait(clock, backoffMs(this.#failures, { ...TROUBLE, random }), signal);
    signal.throwIfAborted();
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
      return failedUpstream(state.error);
    case 'cancelled':
      throw new GatewardError('TASK_CANCELLED');
    case 'input_required': {
      const open = new Map([...state.asked].filter(([key]) => !waited.answered.includes(key)));
      if (open.size === 0) return undefined;
      const result = JsonText.of({ resultType: 'input_required', requestState: seal(waited) });
      return {
        kind: 'input_required',
        result: result.with({ inputRequests: joinMembers(open) }),
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
