import type { Failed, Outcome } from '../../call.ts';
import type { UpstreamGuardConfig } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { failedBy } from '../../wire/failure.ts';
import { fitsSchema } from './fits-schema.ts';
import {
  type Found,
  type GuardedJson,
  hasFound,
  type JsonGuard,
  LABEL,
  NOTHING_FOUND,
  type Place,
} from './guard-json.ts';

/** Rules of one upstream, and what the label says of it. */
export interface GuardRules {
  /** Name of the upstream in the configuration. */
  readonly upstream: string;
  readonly rules: Pick<UpstreamGuardConfig, 'injection' | 'hidden' | 'secrets' | 'personal' | 'provenance'>;
}

/** An outcome on its way to a caller. */
export interface Answered extends GuardRules {
  readonly method: string;
  readonly outcome: Outcome;
  /** What was said on the way to it, of which it may be the rest; oldest first. */
  readonly before?: readonly string[];
  /** The tool's `outputSchema`, asked for only where its structured content was changed. */
  readonly outputSchema?: () => JsonText | undefined | Promise<JsonText | undefined>;
}

/** An outcome as the caller gets it. */
export interface GuardedOutcome extends Found {
  readonly outcome: Outcome;
}

/** Definitions have a guard of their own, and a listen answers with notifications. */
function isGuarded(method: string): boolean {
  return !method.endsWith('/list') && method !== 'server/discover' && method !== 'subscriptions/listen';
}

/**
 * An outcome without what the rules take out, labelled where something was found or changed. The same outcome where
 * there was nothing; a plain value unless a schema has to be looked up. Errors are looked at for every method.
 */
export function guardOutcome(guard: JsonGuard, answered: Answered): GuardedOutcome | Promise<GuardedOutcome> {
  const { outcome, method } = answered;
  if (outcome.kind === 'error') return guardFailure(guard, answered, outcome);
  if (method === 'server/discover') return guardDiscovered(guard, answered, outcome);
  if (!isGuarded(method)) return { outcome, ...NOTHING_FOUND };
  const guarded = guard.guard(outcome.result, answered.rules, answered.before);
  const { findings, changed } = guarded;
  if (isWithheld(guarded, answered)) return { outcome: withheld(answered, findings), findings, changed };
  const result = labelled(guarded, answered, 'result');
  if (result === outcome.result) return { outcome, findings, changed };
  const done = { outcome: { ...outcome, result }, findings, changed };
  const isStructured = outcome.kind === 'complete' && changed.some(isInStructured);
  if (!isStructured || answered.outputSchema === undefined) return done;
  const schema = answered.outputSchema();
  const check = (found: JsonText | undefined): GuardedOutcome =>
    fitsSchema(result.get('structuredContent'), found)
      ? done
      : { ...done, outcome: { kind: 'complete', result: misfit(result) } };
  return schema instanceof Promise ? schema.then(check) : check(schema);
}

/** What a server calls itself is shown to people and models, and is no definition that anybody approves. */
function guardDiscovered(guard: JsonGuard, answered: Answered, outcome: Outcome): GuardedOutcome {
  const same = { outcome, ...NOTHING_FOUND };
  const meta = outcome.kind === 'complete' ? outcome.result.get('_meta') : undefined;
  if (outcome.kind !== 'complete' || meta === undefined) return same;
  const guarded = guard.guard(JsonText.written('{}').with({ _meta: meta }), answered.rules);
  if (!hasFound(guarded)) return same;
  const { findings, changed } = guarded;
  const kept = isWithheld(guarded, answered)
    ? undefined
    : labelled(guarded, answered, 'notification').get('_meta');
  return { outcome: { ...outcome, result: outcome.result.with({ _meta: kept }) }, findings, changed };
}

function isInStructured({ path }: Place): boolean {
  return path.startsWith('/structuredContent');
}

function guardFailure(guard: JsonGuard, answered: Answered, outcome: Failed): GuardedOutcome {
  // What the gateway says itself holds nothing of an upstream's.
  if (outcome.code !== undefined) return { outcome, ...NOTHING_FOUND };
  const { json, ...found } = guard.guard(outcome.error, answered.rules, answered.before);
  if (isWithheld(found, answered)) return { outcome: refusal(found.findings), ...found };
  if (!hasFound(found)) return { outcome, ...found };
  const error = labelledError(json, { upstream: answered.upstream, ...found });
  return { outcome: { ...outcome, error }, ...found };
}

/** Whether what was found keeps all of it from the caller. */
export function isWithheld({ findings }: Found, { rules }: GuardRules): boolean {
  return findings.length > 0 && rules.injection === 'block';
}

/** What a label says. */
interface Label extends Found {
  readonly upstream: string;
}

/** A result, or a notification's parameters, with the label in its `_meta`; one that an upstream forged is taken away. */
export function labelled(
  guarded: GuardedJson,
  { upstream, rules }: GuardRules,
  what: 'result' | 'notification',
): JsonText {
  const { json, findings, changed } = guarded;
  const meta = json.get('_meta');
  const isLabelled = hasFound(guarded) || (what === 'result' && rules.provenance === 'always');
  if (!isLabelled && meta?.get(LABEL) === undefined) return json;
  const label = isLabelled ? JsonText.of({ upstream, findings, changed } satisfies Label) : undefined;
  const old = meta?.kind === 'object' ? meta : JsonText.written('{}');
  return json.with({ _meta: old.with({ [LABEL]: label }) });
}

/** Errors have no `_meta`: theirs is their `data`, where that can take it. */
function labelledError(error: JsonText, label: Label): JsonText {
  const data = error.get('data') ?? JsonText.written('{}');
  return data.kind === 'object' ? error.with({ data: data.with({ [LABEL]: JsonText.of(label) }) }) : error;
}

function withheld({ method, upstream, outcome }: Answered, findings: readonly Place[]): Outcome {
  if (method === 'tasks/get' && outcome.kind === 'complete') return failedTask(outcome.result, findings);
  if (method !== 'tools/call') return refusal(findings);
  const text = `The gateway withheld this result: it holds instructions for a model (${rulesOf(findings)}). The call ran.`;
  const result = {
    resultType: 'complete',
    content: [{ type: 'text', text }],
    isError: true,
    _meta: { [LABEL]: { upstream, findings, changed: [] } satisfies Label },
  };
  return { kind: 'complete', result: JsonText.of(result) };
}

/** What is asked of a task must not look like trouble in asking: the task itself has failed. */
function failedTask(task: JsonText, findings: readonly Place[]): Outcome {
  const result = task.with({
    status: JsonText.of('failed'),
    error: refusal(findings).error,
    result: undefined,
    statusMessage: undefined,
    inputRequests: undefined,
  });
  return { kind: 'complete', result };
}

function refusal(findings: readonly Place[]): Failed {
  return failedBy(new GatewardError('RESULT_WITHHELD', { detail: `Rules: ${rulesOf(findings)}.` }));
}

/** The names of the rules, each once. */
export function rulesOf(places: readonly Place[]): string {
  return [...new Set(places.map(({ rule }) => rule))].join(', ');
}

/** MCP server/tools §Structured Content: what does not fit the tool's schema is no result of it. */
function misfit(result: JsonText): JsonText {
  const text =
    'The gateway took something out of this result by its rules, and what is left does not fit the outputSchema of the tool. The call ran.';
  return result.with({
    content: JsonText.of([{ type: 'text', text }]),
    structuredContent: undefined,
    isError: JsonText.of(true),
  });
}
