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
const TAIL = 4096;

/**
 * The notifications of one call, in their order. A payload may be split over several, so the last text is kept, within a
 * bound. Nothing waits: what was said before is gone, and only what completes it is held back.
 */
export class NotificationGuard {
  readonly #guard: JsonGuard;
  readonly #rules: GuardRules;
  /** Texts, oldest first. */
  #tail: readonly string[] = [];

  constructor(guard: JsonGuard, rules: GuardRules) {
    this.#guard = guard;
    this.#rules = rules;
  }

  /** What was said last, of which a result may be the rest; oldest first. */
  get said(): readonly string[] {
    return this.#tail;
  }

  /** Takes one whole JSON-RPC notification; the same object where there is nothing to change. */
  pass(notification: JsonText): GuardedNotification {
    const params = notification.get('params');
    if (params === undefined) return { notification, ...NOTHING_FOUND };
    const texts = textsOf(notification, params);
    const before = texts.length === 0 ? [] : this.#tail;
    const guarded = this.#guard.guardMessage(notification, this.#rules.rules, before);
    const { findings, changed } = guarded;
    // What is withheld has told nobody anything.
    if (isWithheld(guarded, this.#rules))
      return { notification: withoutText(notification, params, findings), findings, changed };
    if (texts.length > 0) this.#tail = lastOf([...this.#tail, ...texts]);
    const kept = guarded.json.get('params') ?? params;
    const written = labelled({ ...guarded, json: kept }, this.#rules, 'notification');
    if (written === kept) return { notification: guarded.json, findings, changed };
    return { notification: guarded.json.with({ params: written }), findings, changed };
  }
}

/** What is said in it: the message of progress, the data of a log message. */
function textsOf(notification: JsonText, params: JsonText): readonly string[] {
  if (params.get('message') === undefined && params.get('data') === undefined) return [];
  const texts: string[] = [];
  walkStrings(notification.text, ({ isKey, path, value }) => {
    if (!isKey && value !== '' && isBlockText(path) && texts.length < TAIL) texts.push(value);
    return undefined;
  });
  return texts;
}

/** The last of some texts, of so many characters together. */
function lastOf(texts: readonly string[]): readonly string[] {
  let left = TAIL;
  let first = texts.length;
  for (; first > 0 && left > 0; first -= 1) left -= texts[first - 1]?.length ?? 0;
  const kept = texts.slice(first);
  return left < 0 ? [kept[0]?.slice(-left) ?? '', ...kept.slice(1)] : kept;
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
