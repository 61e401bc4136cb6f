import type { Hit } from './rule.ts';

/** What runs, or calls home, where a text is shown as a page: no honest definition needs it. */
const ACTIVE: readonly (readonly [RegExp, string])[] = [
  [
    /!\[[^\]\n]{0,200}\]\(\s{0,4}https?:[^)\s]{0,300}[{<$][^)\n]{0,200}\)/i,
    'an image whose address carries data',
  ],
  [/\bjavascript:[\w(]/i, 'a link that runs a script'],
  [/\bdocument\.cookie\b/i, 'a script that reads cookies'],
  [/<(?:script|iframe|object)\s[^<>]{0,300}=/i, 'markup that loads and runs what it names'],
  [/<[a-z][^<>]{0,300}\sonerror\s{0,4}=\s{0,4}["'\w]/i, 'markup that runs a script'],
  [/\bdata:text\/html\b/i, 'a page inside a link'],
];

/** So much of a text is searched. */
const MAX_CHARS = 128 * 1024;

/** Finds markup that is active, at most one hit. */
export function findActive(text: string): Hit[] {
  const searched = text.slice(0, MAX_CHARS);
  if (!SIGNS.test(searched)) return [];
  for (const [pattern, what] of ACTIVE) {
    const match = pattern.exec(searched);
    if (match !== null)
      return [{ rule: 'active-content', severity: 'block', reason: `${what}: "${match[0].slice(0, 80)}"` }];
  }
  return findScript(searched);
}

/** A script with its end. The tag alone is what a text about markup names, and runs nothing. */
function findScript(text: string): Hit[] {
  const start = text.search(/<script>/i);
  if (start < 0 || !/<\/script/i.test(text.slice(start))) return [];
  const reason = `a script: "${text.slice(start, start + 80)}"`;
  return [{ rule: 'active-content', severity: 'block', reason }];
}

const SIGNS = /!\[|javascript:|document\.cookie|<script|<iframe|<object|onerror|data:text/i;
