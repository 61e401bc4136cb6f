import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const FOREIGN = ['node_modules', 'dist', '.git', 'coverage'];

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return FOREIGN.includes(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The targets of the links in a Markdown text, code left out. */
function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
  const inline = prose.matchAll(/\[[^\]]*\]\(\s*(?:<([^>]*)>|([^)\s]+))/g);
  const references = prose.matchAll(/^\[[^\]]+\]:\s*(?:<([^>]*)>|(\S+))/gm);
  return [...inline, ...references].map((match) => match[1] ?? match[2] ?? '');
}

/** The anchors that a forge makes of the headings of a Markdown text. */
function anchorsOf(markdown: string): string[] {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
  const seen = new Map<string, number>();
  return [...prose.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, heading = '']) => {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/** Says what is wrong with a link of a file, or nothing. */
function brokenLink(file: string, link: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const target =
    path === ''
      ? file
      : path.startsWith('/')
        ? join(root, path)
        : join(dirname(file), decodeURIComponent(path));
  if (!existsSync(target)) return `${link} leads to no file`;
  if (
    relative(root, target)
      .split(sep)
      .some((part) => FOREIGN.includes(part))
  )
    return `${link} is not in the repository`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return anchorsOf(readFileSync(target, 'utf8')).includes(anchor) ? undefined : `${link} leads to no heading`;
}

const files = markdownFiles(root);
const named = files.map((file) => ({ file, name: relative(root, file) }));

describe('the documents', () => {
  it.each(named)('$name links only to what is there', ({ file }) => {
    const links = linksOf(readFileSync(file, 'utf8'));
    expect(links.map((link) => brokenLink(file, link)).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it('are checked for links in every form, code left out', () => {
    const text =
      '[a](x.md) [b](<y z.md>)\n[c]: w.md "title"\n`[d](no.md)`\n```\n[e](no.md)\n```\n![f](p.png "t")';
    expect(linksOf(text)).toEqual(['x.md', 'y z.md', 'p.png', 'w.md']);
  });

  it('are checked for headings as a forge names them', () => {
    expect(anchorsOf('# A `b`, c!\n## Same\n## Same\n```\n# no\n```')).toEqual(['a-b-c', 'same', 'same-1']);
  });

  it('name only npm scripts that exist', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
    const unknown = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\bnpm run ([\w:-]+)/g)]
        .filter(([, script = '']) => !(script in scripts))
        .map(([command]) => `${relative(root, file)}: ${command}`),
    );
    expect(unknown).toEqual([]);
  });
});
