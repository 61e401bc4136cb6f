import type { Part } from './chains.ts';

/** The strings of a text that is known to be JSON, without the places at which they stand: a look at the usual result. */
export function partsOfRaw(raw: string): Part[] {
  const parts: Part[] = [];
  let name = '';
  for (let start = raw.indexOf('"'); start >= 0; ) {
    const end = closingOf(raw, start);
    const inner = raw.slice(start + 1, end);
    const text = inner.includes('\\') ? String(JSON.parse(raw.slice(start, end + 1))) : inner;
    let next = end + 1;
    while (raw.charCodeAt(next) <= 0x20) next += 1;
    const isName = raw.charCodeAt(next) === 0x3a;
    if (isName) name = text;
    parts.push({ name, isName, text });
    start = raw.indexOf('"', next);
  }
  return parts;
}

function closingOf(raw: string, start: number): number {
  for (let end = raw.indexOf('"', start + 1); end >= 0; end = raw.indexOf('"', end + 1)) {
    let before = end;
    while (raw.charCodeAt(before - 1) === 0x5c) before -= 1;
    if ((end - before) % 2 === 0) return end;
  }
  return raw.length;
}
