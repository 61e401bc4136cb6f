import { JsonText } from '../../lib/json-text.ts';
import { type Found, type JsonGuard, NOTHING_FOUND, type Place } from './guard-json.ts';
import { type GuardRules, isWithheld, labelled, rulesOf } from './guard-outcome.ts';
import { isBlockText } from './places.ts';
import { walkStrings } from './walk-strings.ts';

/** A notification as the caller gets it. */
export interface GuardedNotification extends Found {
  readonly notification: JsonText;
}

/** Characters of what a call said before that are read together with what it says now. */
const TAIL = 2048;

/**
 * The notifications of one call, in their order. A payload may be split over several, so the last text is kept, within a
 * bound. Nothing waits: what was said before is gone, and only what completes it is held back.
 */
export class NotificationGuard {
  readonly #guard: JsonGuard;
  readonly #rules: GuardRules;
  #tail = '';

  constructor(guard: JsonGuard, rules: GuardRules) {
    this.#guard = guard;
    this.#rules = rules;
  }

  /** Takes one whole JSON-RPC notification; the same object where there is nothing to change. */
  pass(notification: JsonText): GuardedNotification {
    const params = notification.get('params');
    if (params === undefined) return { notification, ...NOTHING_FOUND };
    const text = textOf(notification, params);
    const guarded = this.#guard.guardMessage(notification, this.#rules.rules, text === '' ? '' : this.#tail);
    const { findings, changed } = guarded;
    // What is withheld has told nobody anything.
    if (isWithheld(guarded, this.#rules))
      return { notification: withoutText(notification, params, findings), findings, changed };
    if (text !== '') this.#tail = (this.#tail + text).slice(-TAIL);
    const kept = guarded.json.get('params') ?? params;
    const written = labelled({ ...guarded, json: kept }, this.#rules, 'notification');
    if (written === kept) return { notification: guarded.json, findings, changed };
    return { notification: guarded.json.with({ params: written }), findings, changed };
  }
}

/** What is said in it: the message of progress, the data of a log message. */
function textOf(notification: JsonText, params: JsonText): string {
  if (params.get('message') === undefined && params.get('data') === undefined) return '';
  let text = '';
  walkStrings(notification.text, ({ isKey, path, value }) => {
    if (!isKey && isBlockText(path) && text.length < TAIL) text += value;
    return undefined;
  });
  return text;
}

/** An update names a resource, and needs nothing else. */
function withoutText(notification: JsonText, params: JsonText, findings: readonly Place[]): JsonText {
  const uri = params.get('uri');
  if (uri !== undefined) return notification.with({ params: JsonText.of({}).with({ uri }) });
  const text = JsonText.of(`[withheld: ${rulesOf(findings)}]`);
  return notification.with({
    params: params.with({
      ...(params.get('message') !== undefined && { message: text }),
      ...(params.get('data') !== undefined && { data: text }),
      _meta: undefined,
    }),
  });
}
