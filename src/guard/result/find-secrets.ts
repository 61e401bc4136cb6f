import type { Cut } from './cut.ts';
import { FORMLESS, isMixed, SECRET_RULES, type SecretRule, URL_PASSWORD } from './secret-rules.ts';

const PEM_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const PEM_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
/** What stands between the two lines, where the second is missing: base64 in lines, headers, and line ends as code writes them. */
const PEM_BODY = /[A-Za-z0-9+/=\s\\:,.-]*/y;
/** Characters of the largest keys there are. */
const MAX_PEM = 65_536;

const IN_URL: SecretRule = { id: 'url-password', starts: [], pattern: URL_PASSWORD };

/** Finds what has a published form of keys, tokens and passwords, in the order of the text; none overlaps another. */
export function findSecrets(text: string): Cut[] {
  const found = [...findPrivateKeys(text)];
  for (const rule of SECRET_RULES) for (const cut of findBy(rule, text)) found.push(cut);
  if (text.includes('@')) for (const cut of findBy(IN_URL, text)) found.push(cut);
  return withoutOverlaps(found);
}

/** Finds secrets in texts that are read as one, given joined and apart. Places are those of the joined text. */
export function findSecretsAcross(joined: string, texts: readonly { readonly text: string }[]): Cut[] {
  const cuts: Cut[] = [];
  for (const cut of findSecrets(joined)) {
    const end = FORMLESS.has(cut.rule) ? endBehindName(texts, cut) : cut.end;
    if (end !== undefined) cuts.push({ ...cut, end });
  }
  return cuts;
}

/**
 * Where a secret ends that has no form and begins with a text, behind the name that stands at the end of the one before:
 * with its text at the latest, for the next ones may say anything. Nothing where it does not begin so: `password: expired`.
 */
function endBehindName(texts: readonly { readonly text: string }[], { start, end }: Cut): number | undefined {
  let from = 0;
  for (const { text } of texts) {
    if (from === start) {
      const found = text.slice(0, end - start);
      return isMixed(found) && found.length >= MIN_FORMLESS ? start + found.length : undefined;
    }
    from += text.length;
  }
  return undefined;
}

const MIN_FORMLESS = 6;

/** Whether a secret is none in its text alone: it goes on behind it or began before, with its name at least. */
export function isAcross(
  { rule, start, end }: Cut,
  { from, to }: { readonly from: number; readonly to: number },
): boolean {
  return start < from || end > to || (start === from && FORMLESS.has(rule));
}

/** As far as what a secret begins with reaches. */
const MAX_START = 20;
const STARTS = [...new Set([...SECRET_RULES.flatMap(({ starts }) => starts), '-----begin '])];
/** What a text may end with that is cut in the beginning of a secret. */
const BEGUN = new Set(STARTS.flatMap((start) => Array.from(start.slice(1), (_, n) => start.slice(0, n + 1))));

/** What they begin with, as {@link listBegun} folds it. */
const FIRST: ReadonlySet<number> = new Set(STARTS.map((start) => start.charCodeAt(0) | 0x20));

/** Whether a text may end in the middle of what a secret begins with. */
export function endsBegun(text: string): boolean {
  return listBegun(text).length > 0;
}

/** Where in the end of a text the beginning of a secret may stand that goes on behind it. */
function listBegun(text: string): string[] {
  const begun: string[] = [];
  const first = Math.max(0, text.length - MAX_START);
  for (let at = text.length - 1; at >= first; at -= 1) {
    if (at > 0 && isAlphanumeric(text.charCodeAt(at - 1))) continue;
    if (!FIRST.has(text.charCodeAt(at) | 0x20)) continue;
    const end = text.slice(at).toLowerCase();
    if (BEGUN.has(end)) begun.push(end);
  }
  return begun;
}

function isAlphanumeric(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
}

/** Whether what a secret begins with is cut between a text and what follows, so that neither shows it alone. */
export function startsAcross(texts: readonly string[], at: number): boolean {
  const begun = listBegun(texts[at] ?? '');
  if (begun.length === 0) return false;
  const following = followingOf(texts, at + 1).toLowerCase();
  return begun.some((end) =>
    STARTS.some((start) => start.startsWith(end) && following.startsWith(start.slice(end.length))),
  );
}

/** Whether texts begin as a secret does, from one of them on. */
export function startsAsSecret(texts: readonly string[], at: number): boolean {
  const text = followingOf(texts, at).toLowerCase();
  return STARTS.some((start) => text.startsWith(start));
}

/** Texts in their order, as one from a place on, as far as what a secret begins with reaches. */
function followingOf(texts: readonly string[], from: number): string {
  let following = '';
  for (let at = from; at < texts.length && following.length < MAX_START; at += 1)
    following += texts[at]?.slice(0, MAX_START) ?? '';
  return following;
}

function* findBy({ id, pattern, isSecret }: SecretRule, text: string): Generator<Cut> {
  for (const match of text.matchAll(pattern)) {
    const secret = match[1] ?? match[0];
    if (isSecret?.(secret) === false || secret.startsWith('[removed')) continue;
    const start = match.index + match[0].lastIndexOf(secret);
    yield { rule: id, start, end: start + secret.length };
  }
}

/** PEM (RFC 7468, and what older programs write). One whose end is missing reaches as far as it looks like one. */
function* findPrivateKeys(text: string): Generator<Cut> {
  if (!text.includes('PRIVATE KEY')) return;
  const ends = [...text.matchAll(PEM_END)].map((match) => match.index + match[0].length);
  let next = 0;
  let passed = 0;
  for (const { 0: begin, index } of text.matchAll(PEM_BEGIN)) {
    if (index < passed) continue;
    const body = index + begin.length;
    while (next < ends.length && (ends[next] ?? 0) < body) next += 1;
    const end = ends[next];
    passed = end !== undefined && end - body <= MAX_PEM ? end : bodyEnd(text, body);
    yield { rule: 'private-key', start: index, end: passed };
  }
}

function bodyEnd(text: string, from: number): number {
  PEM_BODY.lastIndex = from;
  return from + (PEM_BODY.exec(text)?.[0].length ?? 0);
}

/** The earliest, and of those that begin together the longest. */
export function withoutOverlaps(cuts: readonly Cut[]): Cut[] {
  const sorted = [...cuts].sort((one, other) => one.start - other.start || other.end - one.end);
  const kept: Cut[] = [];
  for (const cut of sorted) {
    const last = kept.at(-1);
    if (last === undefined || cut.start >= last.end) kept.push(cut);
    else if (cut.end > last.end) kept[kept.length - 1] = { ...last, end: cut.end };
  }
  return kept;
}
