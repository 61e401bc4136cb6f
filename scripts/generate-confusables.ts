// Writes src/guard/scan/confusables-data.ts from the Unicode Consortium's confusables.txt.
//   node scripts/generate-confusables.ts FILE
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROW_LENGTH = 2000;
const [, , source] = process.argv;
if (source === undefined) throw new TypeError('give the path of confusables.txt');

const text = readFileSync(source, 'utf8');
const version = /# Version: (\S+)/.exec(text)?.[1];
if (version === undefined) throw new TypeError('not a confusables.txt: it names no version');

const groups = new Map<string, string[]>();
for (const line of text.split('\n')) {
  const match = /^\s*([0-9A-F]+)\s*;\s*([0-9A-F ]+?)\s*;\s*MA/.exec(line.replace('\uFEFF', ''));
  if (match?.[1] === undefined || match[2] === undefined) continue;
  const target = match[2].toLowerCase().split(' ').map(trimZeros).join('.');
  groups.set(target, [...(groups.get(target) ?? []), trimZeros(match[1].toLowerCase())]);
}

function trimZeros(hex: string): string {
  return Number.parseInt(hex, 16).toString(16);
}

const rows: string[] = [''];
for (const [target, sources] of groups) {
  const group = `${target}=${sources.join(',')}`;
  const last = rows.at(-1) ?? '';
  if (last !== '' && last.length + group.length > ROW_LENGTH) rows.push(group);
  else rows[rows.length - 1] = last === '' ? group : `${last} ${group}`;
}

const out = fileURLToPath(new URL('../src/guard/scan/confusables-data.ts', import.meta.url));
writeFileSync(
  out,
  `// Made by scripts/generate-confusables.ts from confusables.txt of Unicode ${version}. Do not edit.
// Copyright 1991-2025 Unicode, Inc., under the Unicode License v3: https://www.unicode.org/license.txt

/** UTS #39 prototypes, each with what looks like it: \`prototype=source,source\`, code points in hexadecimal. */
export const CONFUSABLES: readonly string[] = [
${rows.map((row) => `  '${row}',`).join('\n')}
];
`,
);
console.log(`Unicode ${version}: ${groups.size} prototypes in ${rows.length} rows`);
