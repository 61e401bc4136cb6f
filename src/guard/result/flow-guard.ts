import type { Call, Outcome } from '../../call.ts';
import type { UpstreamConfig } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { compileGlob } from '../../lib/compile-glob.ts';
import { digestJson } from '../../lib/digest-json.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Seal } from '../../lib/seal.ts';
import { FlowMemory, type Recall } from './flow-memory.ts';

/** What untrusted upstreams returned does not go into a sink unless the user agrees. */
export interface FlowGuard {
  /** Whether what an upstream returns is to be remembered. */
  isUntrusted(upstream: string): boolean;
  /** Remembers what an upstream told a principal (`Principal.key`). */
  note(upstream: string, principal: string | undefined, said: JsonText | undefined): void;
  /**
   * The call as it goes on, or the question to its user. Throws FLOW_NOT_APPROVED where nobody agrees, and
   * STATE_INVALID for an answer that belongs to another call.
   */
  check(upstream: string, call: Call): { readonly call: Call } | { readonly ask: Outcome };
  /** A call without the answer to a question of the gateway's own. */
  withoutAnswer(call: Call): Call;
}

/** What it is made of. */
export interface FlowParts {
  readonly upstreams: readonly Pick<UpstreamConfig, 'name' | 'trusted' | 'guard'>[];
  readonly seal: Seal;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** What is remembered of all callers together, in pieces. */
  readonly maxPieces?: number;
}

interface Rules {
  readonly flow: 'off' | 'ask' | 'refuse';
  readonly isTrusted: boolean;
  readonly isSink: (tool: string) => boolean;
}

const USE = 'flow';
const KEY = 'gateward-flow';
/** Milliseconds for which an agreement holds, for the further rounds of the same call. */
const AGREED_MS = 600_000;
const MAX_AGREED = 10_000;

/** Puts it together. It remembers in this process alone. */
export function createFlowGuard({ upstreams, seal, now, maxPieces }: FlowParts): FlowGuard {
  const memory = new FlowMemory(now, maxPieces);
  const agreed = new Map<string, number>();
  const rules = new Map<string, Rules>(
    upstreams.map(({ name, trusted, guard: { flow, sinks } }) => {
      const fits = sinks.map(compileGlob);
      return [name, { flow, isTrusted: trusted, isSink: (tool) => fits.some((isOne) => isOne(tool)) }];
    }),
  );
  const isUntrusted = (upstream: string): boolean => {
    const known = rules.get(upstream);
    return known !== undefined && known.flow !== 'off' && !known.isTrusted;
  };
  const agree = (digest: string): void => {
    agreed.set(digest, now() + AGREED_MS);
    const oldest = agreed.keys().next();
    if (agreed.size > MAX_AGREED && oldest.done !== true) agreed.delete(oldest.value);
  };
  return {
    withoutAnswer: (call) => withoutOurs(call, seal),
    isUntrusted,
    note(upstream, principal = '', said) {
      if (said !== undefined && isUntrusted(upstream)) memory.note(principal, said);
    },
    check(upstream, call) {
      const known = rules.get(upstream);
      const tool = call.method === 'tools/call' ? call.name : undefined;
      if (known === undefined || known.flow === 'off' || tool === undefined || !known.isSink(tool))
        return { call };
      const args = call.message.at('params', 'arguments');
      const recalled = args === undefined ? 'unknown' : memory.recall(call.principal ?? '', args);
      if (args === undefined || recalled === 'unknown') return { call };
      if (known.flow === 'refuse') throw notApproved(recalled, 'refuse');
      const digest = digestJson([...conversationOf(call), upstream, tool, args.value()]);
      if ((agreed.get(digest) ?? 0) > now()) return { call: withoutOurs(call, seal) };
      const answer = answerIn(call, { digest, seal });
      if (answer === 'agreed') {
        agree(digest);
        return { call: withoutOurs(call, seal) };
      }
      if (answer === 'refused') throw notApproved(recalled, 'declined');
      if (!canBeAsked(call)) throw notApproved(recalled, 'mute');
      return { ask: questionOf({ upstream, tool, digest, seal, recalled }) };
    },
  };
}

/** What stood against a call, and what can be done about it. */
const REASONS = {
  refuse: "The operator's configuration lets nobody allow it (guard.flow: refuse).",
  declined: 'The user was asked, and did not agree.',
  mute: 'The user could not be asked: the client takes no forms (elicitation).',
} as const;
const FORGOTTEN =
  'It is not known whether the arguments hold such text: more was told than is remembered of an hour.';
const ADVICE =
  'Leave out what came from there, or let the user send it; the operator can trust the server that returned it (trusted: true).';

function notApproved(recalled: Recall, why: keyof typeof REASONS): GatewardError {
  const parts = recalled === 'forgotten' ? [FORGOTTEN, REASONS[why]] : [REASONS[why], ADVICE];
  return new GatewardError('FLOW_NOT_APPROVED', { detail: parts.join(' ') });
}

/** What an upstream says by an outcome. Errors that the gateway made, and handles of tasks, say nothing of its own. */
export function saidBy(outcome: Outcome): JsonText | undefined {
  switch (outcome.kind) {
    case 'complete':
      return outcome.result;
    case 'input_required':
      return outcome.result.get('inputRequests');
    case 'error':
      return outcome.code === undefined ? outcome.error : undefined;
    default:
      return undefined;
  }
}

/**
 * Whose agreement counts: a legacy session's own. What somebody was told counts in all of their sessions, since a client
 * has one for each server, and opens new ones.
 */
function conversationOf({ principal, legacy }: Call): readonly string[] {
  return [principal ?? '', legacy?.session.key ?? ''];
}

/** Form elicitation is what `elicitation` without members means too (2026-07-28 client/elicitation §Capabilities). */
function canBeAsked({ meta }: Call): boolean {
  const elicitation = meta.clientCapabilities.get('elicitation');
  if (elicitation?.kind !== 'object') return false;
  return elicitation.keys().length === 0 || elicitation.get('form') !== undefined;
}

function answerIn(
  call: Call,
  { digest, seal }: { readonly digest: string; readonly seal: Seal },
): 'agreed' | 'refused' | 'none' {
  const stated = stateIn(call, seal);
  if (stated === undefined) return 'none';
  // Sealed here, but for another caller or call.
  if (stated !== digest) throw new GatewardError('STATE_INVALID');
  const answer = call.message.at('params', 'inputResponses', KEY);
  const isAccepted = answer?.get('action')?.string() === 'accept';
  return isAccepted && answer.at('content', 'allow')?.value() === true ? 'agreed' : 'refused';
}

/** What our state says, where the call brings one of ours. */
function stateIn(call: Call, seal: Seal): string | undefined {
  const state = call.message.at('params', 'requestState')?.string();
  return state === undefined ? undefined : seal.open(state, USE)?.toString('utf8');
}

/** The upstream was not asked yet, so it knows neither our state nor the answer. */
function withoutOurs(call: Call, seal: Seal): Call {
  const params = call.message.get('params');
  if (params === undefined || stateIn(call, seal) === undefined) return call;
  const own = { requestState: undefined, inputResponses: undefined };
  return { ...call, message: call.message.with({ params: params.with(own) }) };
}

interface Question {
  readonly upstream: string;
  readonly tool: string;
  readonly digest: string;
  readonly seal: Seal;
  readonly recalled: Recall;
}

function questionOf({ upstream, tool, digest, seal, recalled }: Question): Outcome {
  const holds = recalled === 'told' ? 'hold' : 'may hold';
  const since = recalled === 'told' ? '' : ' (more was told than is remembered of an hour)';
  const message = `The arguments of the tool "${tool}" of "${upstream}" ${holds} text that another, untrusted server returned${since}, and the tool may pass it on. Shall it run?`;
  const requestedSchema = {
    type: 'object',
    properties: { allow: { type: 'boolean', title: 'Run it', default: false } },
    required: ['allow'],
  };
  const result = {
    resultType: 'input_required',
    requestState: seal.seal(Buffer.from(digest), USE),
    inputRequests: {
      [KEY]: { method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } },
    },
  };
  return { kind: 'input_required', result: JsonText.of(result), legacy: undefined };
}
