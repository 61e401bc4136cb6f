import { JsonText } from '../../lib/json-text.ts';
import type { RuleId } from '../scan/rule.ts';
import { type Chain, type Part, Shown } from './chains.ts';
import { cleanHidden } from './clean-hidden.ts';
import { applyCuts, type Cut, cutsWithin } from './cut.ts';
import { findEncodedSecrets } from './find-encoded-secrets.ts';
import { asciiOf, findInjection } from './find-injection.ts';
import { findPersonal } from './find-personal.ts';
import {
  endsBegun,
  findSecrets,
  findSecretsAcross,
  isAcross,
  startsAcross,
  startsAsSecret,
  withoutOverlaps,
} from './find-secrets.ts';
import { isBlockText, isFixedKey, Opaque, type Walked } from './places.ts';
import { partsOfRaw } from './raw-parts.ts';
import { MAY_HOLD, Sieve } from './sieve.ts';
import { isAllOff, type TextRules } from './text-rules.ts';
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

/** So many places are named; what is changed is changed beyond that. */
const MAX_PLACES = 32;
const PERSONAL_SIGN = /[0-9@]|::/;
/** The name of the label in `_meta`. One that an upstream forged is looked for too. */
export const LABEL = 'io.gateward/guard';

/** Looks at every string of a JSON value, names included, by the rules of one upstream. */
export class JsonGuard {
  readonly #sieve = new Sieve();

  /** Looks at a result, an error, or a part of one; `before` is what came before it, of which it may be the rest. */
  guard(json: JsonText, rules: TextRules, before: readonly string[] = []): GuardedJson {
    if (!this.#mayHold(json, rules, before)) return { json, ...NOTHING_FOUND };
    return new Guarding(json, { rules, sieve: this.#sieve, walked: 'result', before }).run();
  }

  /** Looks at a whole JSON-RPC message. */
  guardMessage(json: JsonText, rules: TextRules, before: readonly string[]): GuardedJson {
    if (before.length === 0 && !this.#mayHold(json, rules, before)) return { json, ...NOTHING_FOUND };
    return new Guarding(json, { rules, sieve: this.#sieve, walked: 'message', before }).run();
  }

  /** False where a look at the bytes shows that nothing can be found. */
  #mayHold(json: JsonText, rules: TextRules, before: readonly string[]): boolean {
    const raw = json.bytes.toString('latin1');
    if (isAllOff(rules)) return raw.includes(LABEL) || raw.includes('\\u');
    const flags = this.#sieve.look(raw, 'json');
    if ((flags & MAY_HOLD.unread) !== 0 || raw.includes(LABEL)) return true;
    if ((flags & MAY_HOLD.injection) !== 0 && rules.injection !== 'off') return true;
    if ((flags & (MAY_HOLD.secret | MAY_HOLD.injection)) !== 0 && rules.secrets !== 'keep') return true;
    if (rules.personal.length > 0 && PERSONAL_SIGN.test(raw)) return true;
    const shown = new Shown([...before.map(partBefore), ...partsOfRaw(raw)]);
    if (rules.injection !== 'off' && mayInstructTogether(shown, this.#sieve)) return true;
    if (rules.secrets === 'keep') return false;
    const told = before.length === 0 ? 0 : this.#sieve.look(asciiOf(before.join(' ')), 'text');
    return (told & MAY_HOLD.secret) !== 0 || mayHideSecret(shown);
  }
}

/** Text of a message that came before. */
function partBefore(text: string): Part {
  return { name: '', isName: false, text };
}

/** Stands between two texts that are read as one. */
const JOINTS = ['', ' '] as const;

/** Whether texts that go on from one to the next may instruct, where none of them does alone. */
function mayInstructTogether(shown: Shown<Part>, sieve: Sieve): boolean {
  // Blocks are one text however they are cut.
  const blocks = shown.values.filter(({ name, isName }) => name === 'text' && !isName);
  return [...shown.sentences(), ...(blocks.length > 1 ? [blocks] : [])].some((chain) =>
    JOINTS.some((joint) => (sieve.look(joinTexts(chain, joint), 'text') & MAY_HOLD.injection) !== 0),
  );
}

function joinTexts(parts: Chain<Part>, joint: string): string {
  return parts.map(({ text }) => text).join(joint);
}

function mayHideSecret(shown: Shown<Part>): boolean {
  if (!shown.values.some(({ text }) => endsBegun(text))) return false;
  return shown.tokens().some((chain) => {
    const texts = chain.map(({ text }) => text);
    return texts.some((_, at) => startsAcross(texts, at));
  });
}

/** So many secrets that begin with one of the texts of a chain are followed. */
const MAX_STARTS = 16;
/** Characters of what begins with one of them. */
const MAX_FOLLOWED = 16_384;

/** Where in a chain a secret may begin: anywhere in its first text, and at the start of others, which end a word there. */
function listBeginnings(texts: readonly string[]): number[] {
  const beginnings = [0];
  for (let at = 1; at < texts.length && beginnings.length < MAX_STARTS; at += 1)
    if (startsAsSecret(texts, at)) beginnings.push(at);
  return beginnings;
}

/** A string that may be changed. */
interface Piece extends Part {
  readonly start: number;
  readonly end: number;
  readonly path: readonly (string | number)[];
  readonly was: string;
  /** A handle or bytes, or a name that must stay. */
  readonly isFixed: boolean;
  readonly isBlock: boolean;
  /** What is seen of it, and what is taken out of that. */
  seen: string;
  cuts: readonly Cut[];
  text: string;
}

function isCutAt(piece: Piece | undefined, at: number): boolean {
  return piece?.cuts.some(({ start, end }) => start <= at && at < end) === true;
}

/** Whether the beginning of a text is the rest of a secret, and no word. */
function isRest({ start, end }: Cut, text: string): boolean {
  const rest = text.slice(start, end);
  return rest.length === text.length && /^(?=\D*\d)(?=[^A-Za-z]*[A-Za-z])[\w-]{8,}$/.test(rest);
}

function isPiece(part: Part): part is Piece {
  return 'path' in part;
}

/** A text as tokens are looked for in it; what came before is no piece. */
interface Token extends Part {
  readonly piece: Piece | undefined;
}

interface GuardingParts {
  readonly rules: TextRules;
  readonly sieve: Sieve;
  readonly walked: Walked;
  /** What came before, oldest first. */
  readonly before: readonly string[];
}

class Guarding {
  readonly #json: JsonText;
  readonly #source: string;
  readonly #rules: TextRules;
  readonly #sieve: Sieve;
  readonly #opaque: Opaque;
  readonly #walked: Walked;
  readonly #before: readonly string[];
  readonly #findings: Place[] = [];
  readonly #changed: Place[] = [];
  /** Every string, in its order. */
  readonly #pieces: Piece[] = [];
  readonly #keys = new Set<string>();
  #told: ReadonlySet<RuleId> | undefined;
  #key = '';

  constructor(json: JsonText, { rules, sieve, walked, before }: GuardingParts) {
    this.#json = json;
    this.#source = json.text;
    this.#rules = rules;
    this.#sieve = sieve;
    this.#walked = walked;
    this.#before = before;
    this.#opaque = new Opaque(this.#source, walked);
  }

  run(): GuardedJson {
    walkStrings(this.#source, (token) => this.#visit(token));
    if (this.#rules.injection !== 'off') this.#findTogether();
    if (this.#rules.secrets === 'redact') this.#cutTogether();
    const changes = this.#pieces.filter(({ text, was }) => text !== was);
    const json = changes.length === 0 ? this.#json : this.#write(changes);
    return { json, findings: this.#findings, changed: this.#changed };
  }

  #visit({ isKey, value, path, start, end }: StringToken): string | undefined {
    if (isKey) {
      this.#key = value;
      this.#keys.add(value);
    }
    // The name may be what was found: it does not stand in its own path.
    const place = isKey ? [...path.slice(0, -1), '*'] : [...path];
    const isFixed = isKey ? isFixedKey(path) : this.#opaque.has(path, value);
    const piece: Piece = {
      name: this.#key,
      isName: isKey,
      start,
      end,
      path: place,
      was: value,
      isFixed,
      isBlock: !isKey && !isFixed && isBlockText(path),
      seen: value,
      cuts: [],
      text: value,
    };
    this.#pieces.push(piece);
    // Too short for anything but a character that is not seen.
    if (value.length < 3 && /^[\x20-\x7e]*$/.test(value)) return undefined;
    if (isFixed) return isKey ? this.#lookAtFixed(value, place) : undefined;
    this.#clean(piece);
    const found = this.#rules.injection === 'off' ? [] : findInjection(piece.text, this.#sieve);
    for (const rule of found) note(this.#findings, rule, place);
    return piece.text !== value || found.length > 0 ? '*' : undefined;
  }

  /** A name that must stay as it is can still be told of, and keep what it stands in from the client. */
  #lookAtFixed(value: string, place: readonly (string | number)[]): string | undefined {
    if (this.#rules.injection === 'off') return undefined;
    const found = [...cleanHidden(value, 'remove').rules, ...findInjection(value, this.#sieve)];
    for (const rule of found) note(this.#findings, rule, place);
    return found.length > 0 ? '*' : undefined;
  }

  #clean(piece: Piece): void {
    const { hidden } = this.#rules;
    const { was, isName, path } = piece;
    const bare = cleanHidden(was, hidden === 'show' ? 'show' : 'remove');
    const list = hidden === 'keep' ? this.#findings : this.#changed;
    if (hidden !== 'keep' || this.#rules.injection !== 'off')
      for (const rule of bare.rules) note(list, rule, path);
    const text = hidden === 'keep' ? was : bare.text;
    const cuts = this.#cutsOf(text, isName ? undefined : this.#key);
    // A character that nobody sees may part a token that a reader puts together.
    const isWhole = cuts.length > 0 || hidden === 'remove' || bare.rules.length === 0;
    const whole = isWhole ? text : cleanHidden(was, 'remove').text;
    const inWhole = isWhole ? cuts : this.#cutsOf(whole, undefined);
    this.#cut(piece, inWhole.length > 0 ? whole : text, inWhole);
  }

  #cut(piece: Piece, seen: string, cuts: readonly Cut[]): void {
    for (const { rule } of cuts) note(this.#changed, rule, piece.path);
    piece.seen = seen;
    piece.cuts = cuts;
    piece.text = cuts.length > 0 ? applyCuts(seen, cuts) : seen;
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
    const plain = (flags & MAY_HOLD.secret) === 0 ? [] : findSecrets(text);
    // What is encoded may say anything, instructions among it.
    const cuts =
      (flags & MAY_HOLD.injection) === 0 ? plain : withoutOverlaps([...plain, ...findEncodedSecrets(text)]);
    if (cuts.length > 0 || key === undefined || (this.#sieve.look(key, 'text') & MAY_HOLD.secret) === 0)
      return cuts;
    const lead = `${key}="`;
    const named = findSecrets(`${lead}${text}"`);
    return cutsWithin(named, lead.length, lead.length + text.length);
  }

  /** What is found only where several texts are read as one: the parts of a payload that was split. */
  #findTogether(): void {
    const before = this.#before.map(partBefore);
    const blocks = this.#pieces.filter(({ isBlock }) => isBlock);
    const told = this.#walked === 'message' && blocks.length > 0 ? before : [];
    const chains = new Shown<Part>([...before, ...this.#pieces]).sentences();
    if (told.length + blocks.length > 1) chains.push([...told, ...blocks]);
    const known = new Set([...this.#findings, ...this.#changed].map(({ rule }) => rule));
    for (const chain of chains) {
      const first = chain.find(isPiece);
      // What was said before was looked at then.
      if (first === undefined) continue;
      for (const joint of JOINTS) {
        const found = findInjection(joinTexts(chain, joint), this.#sieve).filter((rule) => !known.has(rule));
        for (const rule of found) {
          if (this.#wasTold(rule)) continue;
          known.add(rule);
          note(this.#findings, rule, first.path);
        }
      }
    }
  }

  /** Whether what was said before has it alone: that was told of then. */
  #wasTold(rule: RuleId): boolean {
    if (this.#before.length === 0) return false;
    this.#told ??= new Set(JOINTS.flatMap((joint) => findInjection(this.#before.join(joint), this.#sieve)));
    return this.#told.has(rule);
  }

  #cutTogether(): void {
    const tokens: Token[] = [
      ...this.#before.map((text) => ({ ...partBefore(text), piece: undefined })),
      ...this.#pieces.map((piece) => ({ name: piece.name, isName: piece.isName, text: piece.seen, piece })),
    ];
    const blocks = tokens.filter(({ piece }) => piece === undefined || piece.isBlock);
    for (const chain of [...new Shown(tokens).tokens(), ...(blocks.length > 1 ? [blocks] : [])])
      this.#cutChain(chain);
  }

  #cutChain(chain: Chain<Token>): void {
    const texts = chain.map(({ text }) => text);
    for (const beginning of listBeginnings(texts)) {
      let end = beginning === 0 ? chain.length : beginning;
      for (let length = 0; end < chain.length && length < MAX_FOLLOWED; end += 1)
        length += texts[end]?.length ?? 0;
      this.#cutFrom(chain.slice(beginning, end));
    }
  }

  #cutFrom(chain: Chain<Token>): void {
    const joined = joinTexts(chain, '');
    if ((this.#sieve.look(asciiOf(joined), 'text') & MAY_HOLD.secret) === 0) return;
    const cuts = findSecretsAcross(joined, chain);
    let from = 0;
    let open: readonly Cut[] = [];
    for (const { text, piece } of cuts.length === 0 ? [] : chain) {
      const to = from + text.length;
      const met = cuts.filter(({ start, end }) => start < to && end > from);
      const fresh = met.filter((cut) => !open.includes(cut) && isAcross(cut, { from, to }));
      const rest = cutsWithin(
        met.filter((cut) => open.includes(cut)),
        from,
        to,
      ).filter((cut) => isRest(cut, text));
      const across = [...cutsWithin(fresh, from, to), ...rest];
      // Where one is whole alone, what follows may be anything.
      open = met
        .filter(({ start, rule }) => start >= from && rule !== 'private-key' && isCutAt(piece, start - from))
        .concat(open);
      if (piece !== undefined && !piece.isFixed && across.length > 0)
        this.#cut(piece, piece.seen, withoutOverlaps([...piece.cuts, ...across]));
      from = to;
    }
  }

  #write(changes: readonly Piece[]): JsonText {
    const parts: string[] = [];
    let at = 0;
    for (const { start, end, text, isName } of changes) {
      parts.push(this.#source.slice(at, start), JSON.stringify(isName ? this.#unusedKey(text) : text));
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
