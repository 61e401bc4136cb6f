import type { Outcome } from '../../call.ts';
import { ERRORS, type ErrorCode, GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';

/** Writes how a call ended at the upstream. */
export function writeOutcome(outcome: Outcome): JsonText {
  switch (outcome.kind) {
    case 'complete':
    case 'task':
      return JsonText.of({ kind: outcome.kind }).with({ result: outcome.result });
    case 'input_required': {
      const ids = outcome.legacy && Object.fromEntries(outcome.legacy.elicitationIds);
      return JsonText.of({ kind: outcome.kind, elicitationIds: ids }).with({ result: outcome.result });
    }
    case 'error': {
      const { kind, code, retryAfterSeconds } = outcome;
      return JsonText.of({ kind, code, retryAfterSeconds }).with({ error: outcome.error });
    }
  }
}

/** Takes what runs when the upstream withdraws a question of the outcome. */
export type OnWithdrawn = (run: (key: string) => void) => void;

/** Reads what `writeOutcome` wrote; undefined for what this version cannot read. */
export function readOutcome(json: JsonText | undefined, onWithdrawn: OnWithdrawn): Outcome | undefined {
  if (json === undefined) return undefined;
  const result = json.get('result');
  const kind = json.get('kind')?.string();
  switch (kind) {
    case 'complete':
    case 'task':
      return result && { kind, result };
    case 'input_required':
      return result && { kind: 'input_required', result, legacy: readAsked(json, onWithdrawn) };
    case 'error': {
      const error = json.get('error');
      const code = codeOf(json.get('code'));
      const retryAfterSeconds = json.get('retryAfterSeconds')?.number();
      return error && { kind: 'error', error, code, retryAfterSeconds };
    }
    default:
      return undefined;
  }
}

/** Writes why a call has no outcome. What lies behind it stays in the log of its replica. */
export function writeFailure({ code, message, data, retryAfterSeconds }: GatewardError): JsonText {
  const { text } = ERRORS[code];
  const detail = message.startsWith(`${text} `) ? message.slice(text.length + 1) : undefined;
  return JsonText.of({ code, detail, data, retryAfterSeconds });
}

/** Reads what `writeFailure` wrote. A code of another version is an INTERNAL_ERROR. */
export function readFailure(json: JsonText | undefined): GatewardError {
  const data = json?.get('data')?.value();
  return new GatewardError(codeOf(json?.get('code')) ?? 'INTERNAL_ERROR', {
    detail: json?.get('detail')?.string(),
    data: isRecord(data) ? data : undefined,
    retryAfterSeconds: json?.get('retryAfterSeconds')?.number(),
    cause: 'at another replica',
  });
}

/** An error code, if this version knows it. */
export function codeOf(json: JsonText | undefined): ErrorCode | undefined {
  const text = json?.string();
  return text !== undefined && isCode(text) ? text : undefined;
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readAsked(json: JsonText, onWithdrawn: OnWithdrawn) {
  const ids = json.get('elicitationIds');
  if (ids === undefined) return undefined;
  const elicitationIds = new Map(ids.keys().map((key) => [key, ids.get(key)?.string() ?? '']));
  return { elicitationIds, onWithdrawn };
}
