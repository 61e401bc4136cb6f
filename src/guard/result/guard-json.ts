import type { UpstreamGuardConfig } from '../../config/types.ts';
import { JsonText } from '../../lib/json-text.ts';
import { cleanHidden } from './clean-hidden.ts';
import { applyCuts, type Cut, cutsWithin } from './cut.ts';
import { asciiOf, findInjection } from './find-injection.ts';
import { findPersonal } from './find-personal.ts';
import { findSecrets, withoutOverlaps } from './find-secrets.ts';
import { isBlockText, isFixedKey, Opaque, type Walked } from './places.ts';
import { MAY_HOLD, Sieve } from './sieve.ts';
import { pointerOf, type StringToken, walkStrings } from './walk-strings.ts';

/** What a rule met, and where: never the text itself. */
export interface Place {
  readonly rule: string;
  /** A JSON Pointer (RFC 6901). */
  readonly path: string;
}

/** What the rules met in something that an upstream sent. */
export interface Found {
  /** Instructions for a model. */
  readonly findings: readonly Place[];
  /** What was taken out or shown. */
  readonly changed: readonly Place[];
}

/** What became of one JSON value. */
export interface GuardedJson extends Found {
  /** The same object where nothing had to be changed; otherwise every string that no rule met keeps its bytes. */
  readonly json: JsonText;
}

/** No rule met anything. */
export const NOTHING_FOUND: Found = { findings: [], changed: [] };

/** Whether a rule met anything. */
export function hasFound({ findings, changed }: Found): boolean {
  return findings.length > 0 || changed.length > 0;
}

/** The rules that hold for texts. */
export type TextRules = Pick<UpstreamGuardConfig, 'injection' | 'hidden' | 'secrets' | 'personal'>;

/** So many places are named; what is changed is changed beyond that. */
const MAX_PLACES = 32;
const TEXT = '"text"';
const PERSONAL_SIGN = /[0-9@]|::/;
/** The name of the label in `_meta`. One that an upstream forged is looked for too. */
export const LABEL = 'io.gateward/guard';

/** Looks at every string of a JSON value, names included, by the rules of one upstream. */
export class JsonGuard {
  readonly #sieve = new Sieve();

  /** Looks at a result, an error, or a part of one. */
  guard(json: JsonText, rules: TextRules): GuardedJson {
    if (!this.#mayHold(json, rules)) return { json, ...NOTHING_FOUND };
    return new Guarding(json, { rules, sieve: this.#sieve, walked: 'result' }).run('');
  }

  /** Looks at a whole JSON-RPC message; `before` is text that came before it, to which it may be the rest. */
  guardMessage(json: JsonText, rules: TextRules, before: string): GuardedJson {
    if (before === '' && !this.#mayHold(json, rules)) return { json, ...NOTHING_FOUND };
    return new Guarding(json, { rules, sieve: this.#sieve, walked: 'message' }).run(before);
  }

  /** False where a look at the bytes shows that nothing can be found. */
  #mayHold(json: JsonText, rules: TextRules): boolean {
    const raw = json.bytes.toString('latin1');
    const flags = this.#sieve.look(raw, 'json');
    if ((flags & MAY_HOLD.unread) !== 0 || raw.includes(LABEL)) return true;
    if ((flags & MAY_HOLD.injection) !== 0 && rules.injection !== 'off') return true;
    if ((flags & MAY_HOLD.secret) !== 0 && rules.secrets !== 'keep') return true;
    if (rules.personal.length > 0 && PERSONAL_SIGN.test(raw)) return true;
    // Of two blocks, one may be the rest of the other.
    return hasTwoTexts(raw);
  }
}

/** Whether the name of a block's text stands in raw JSON twice. */
function hasTwoTexts(raw: string): boolean {
  let count = 0;
  for (let at = raw.indexOf(TEXT); at >= 0; at = raw.indexOf(TEXT, at + TEXT.length)) {
    let next = at + TEXT.length;
    while (raw.charCodeAt(next) <= 0x20) next += 1;
    if (raw.charCodeAt(next) === 0x3a) count += 1;
    if (count > 1) return true;
  }
  return false;
}

/** A string that may be changed. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly isKey: boolean;
  readonly path: readonly (string | number)[];
  readonly was: string;
  text: string;
}

/** Stands between two blocks that are read as one text. */
const JOINTS = ['', ' '] as const;

interface GuardingParts {
  readonly rules: TextRules;
  readonly sieve: Sieve;
  readonly walked: Walked;
}

class Guarding {
  readonly #json: JsonText;
  readonly #source: string;
  readonly #rules: TextRules;
  readonly #sieve: Sieve;
  readonly #opaque: Opaque;
  readonly #findings: Place[] = [];
  readonly #changed: Place[] = [];
  /** What differs from what came, or is read together with others. */
  readonly #pieces: Piece[] = [];
  readonly #blocks: Piece[] = [];
  readonly #keys = new Set<string>();
  #key = '';

  constructor(json: JsonText, { rules, sieve, walked }: GuardingParts) {
    this.#json = json;
    this.#source = json.text;
    this.#rules = rules;
    this.#sieve = sieve;
    this.#opaque = new Opaque(this.#source, walked);
  }

  run(before: string): GuardedJson {
    walkStrings(this.#source, (token) => this.#visit(token));
    if (this.#blocks.length > 1 || before !== '') this.#lookAtJoined(before);
    const changes = this.#pieces.filter(({ text, was }) => text !== was);
    const json = changes.length === 0 ? this.#json : this.#write(changes);
    return { json, findings: this.#findings, changed: this.#changed };
  }

  #visit({ isKey, value, path, start, end }: StringToken): string | undefined {
    if (isKey) {
      this.#key = value;
      this.#keys.add(value);
    }
    // Too short for anything but a character that is not seen.
    const isShort = value.length < 3 && /^[\x20-\x7e]*$/.test(value);
    const isBlock = !isKey && isBlockText(path);
    if ((isShort && !isBlock) || this.#opaque.has(path, value)) return undefined;
    if (isKey && isFixedKey(path)) return this.#lookAtFixed(value, path);
    // The name may be what was found: it does not stand in its own path.
    const place = isKey ? [...path.slice(0, -1), '*'] : [...path];
    const text = this.#cleaned(value, isKey, place);
    const found = this.#rules.injection === 'off' ? [] : findInjection(text, this.#sieve);
    for (const rule of found) note(this.#findings, rule, place);
    if (text !== value || isBlock) {
      const piece = { start, end, isKey, path: place, was: value, text };
      this.#pieces.push(piece);
      if (isBlock) this.#blocks.push(piece);
    }
    return text !== value || found.length > 0 ? '*' : undefined;
  }

  /** A name that must stay as it is can still be told of, and keep what it stands in from the client. */
  #lookAtFixed(value: string, path: readonly (string | number)[]): string | undefined {
    if (this.#rules.injection === 'off') return undefined;
    const place = [...path.slice(0, -1), '*'];
    const found = [...cleanHidden(value, 'remove').rules, ...findInjection(value, this.#sieve)];
    for (const rule of found) note(this.#findings, rule, place);
    return found.length > 0 ? '*' : undefined;
  }

  #cleaned(value: string, isKey: boolean, path: readonly (string | number)[]): string {
    const { hidden } = this.#rules;
    const bare = cleanHidden(value, hidden === 'show' ? 'show' : 'remove');
    const list = hidden === 'keep' ? this.#findings : this.#changed;
    if (hidden !== 'keep' || this.#rules.injection !== 'off')
      for (const rule of bare.rules) note(list, rule, path);
    const text = hidden === 'keep' ? value : bare.text;
    const cuts = this.#cutsOf(text, isKey ? undefined : this.#key);
    for (const { rule } of cuts) note(this.#changed, rule, path);
    if (cuts.length > 0) return applyCuts(text, cuts);
    // A character that nobody sees may part a token that a reader puts together.
    if (hidden === 'remove' || bare.rules.length === 0) return text;
    const whole = cleanHidden(value, 'remove').text;
    const inWhole = this.#cutsOf(whole, undefined);
    for (const { rule } of inWhole) note(this.#changed, rule, path);
    return inWhole.length > 0 ? applyCuts(whole, inWhole) : text;
  }

  #cutsOf(text: string, key: string | undefined): Cut[] {
    const { secrets, personal } = this.#rules;
    const cuts = secrets === 'keep' ? [] : this.#secretsIn(text, key);
    const all = personal.length > 0 ? cuts.concat(findPersonal(text, personal)) : cuts;
    return all.length > 1 ? withoutOverlaps(all) : all;
  }

  /** The name of a member may say what its value is. */
  #secretsIn(text: string, key: string | undefined): Cut[] {
    if (text.length < 6) return [];
    const flags = this.#sieve.look(asciiOf(text), 'text');
    const cuts = (flags & MAY_HOLD.secret) === 0 ? [] : findSecrets(text);
    if (cuts.length > 0 || key === undefined || (this.#sieve.look(key, 'text') & MAY_HOLD.secret) === 0)
      return cuts;
    const lead = `${key}="`;
    const named = findSecrets(`${lead}${text}"`);
    return cutsWithin(named, lead.length, lead.length + text.length);
  }

  /** What is found only where several texts are read as one: the parts of a payload that was split. */
  #lookAtJoined(before: string): void {
    const blocks = this.#blocks;
    const alone = new Set([...this.#findings, ...this.#changed].map(({ rule }) => rule));
    if (this.#rules.injection !== 'off') {
      for (const joint of JOINTS) {
        const joined = [...(before === '' ? [] : [before]), ...blocks.map(({ text }) => text)].join(joint);
        for (const rule of findInjection(joined, this.#sieve)) {
          if (alone.has(rule)) continue;
          alone.add(rule);
          note(this.#findings, rule, blocks[0]?.path ?? []);
        }
      }
    }
    if (this.#rules.secrets === 'redact') this.#cutJoined(before);
  }

  #cutJoined(before: string): void {
    const joined = before + this.#blocks.map(({ text }) => text).join('');
    const cuts = findSecrets(joined);
    if (cuts.length === 0) return;
    let from = before.length;
    for (const block of this.#blocks) {
      const to = from + block.text.length;
      const within = cutsWithin(cuts, from, to);
      for (const { rule } of within) note(this.#changed, rule, block.path);
      block.text = applyCuts(block.text, within);
      from = to;
    }
  }

  #write(changes: readonly Piece[]): JsonText {
    const parts: string[] = [];
    let at = 0;
    for (const { start, end, text, isKey } of changes) {
      parts.push(this.#source.slice(at, start), JSON.stringify(isKey ? this.#unusedKey(text) : text));
      at = end;
    }
    parts.push(this.#source.slice(at));
    return JsonText.written(parts.join(''));
  }

  /** Two names that differed may not become the same: no object has a name twice. */
  #unusedKey(text: string): string {
    let name = text;
    for (let n = 2; this.#keys.has(name); n += 1) name = `${text} (${n})`;
    this.#keys.add(name);
    return name;
  }
}

function note(places: Place[], rule: string, path: readonly (string | number)[]): void {
  const pointer = pointerOf(path);
  if (places.length < MAX_PLACES && !places.some((one) => one.rule === rule && one.path === pointer))
    places.push({ rule, path: pointer });
}
