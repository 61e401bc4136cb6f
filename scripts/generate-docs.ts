// Writes the documents that are generated: docs/configuration.md, docs/errors.md and docs/config.schema.json.
//   node scripts/generate-docs.ts           writes them
//   node scripts/generate-docs.ts --check   writes nothing; exits with 1 and names what is out of step
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { publishConfigSchema } from '../src/config/json-schema.ts';
import { renderConfiguration } from './docs/render-configuration.ts';
import { renderErrors } from './docs/render-errors.ts';

/** Every generated document by its name in docs/. */
export function renderDocs(): Record<string, string> {
  return {
    'configuration.md': renderConfiguration(),
    'errors.md': renderErrors(),
    'config.schema.json': `${JSON.stringify(publishConfigSchema(), null, 2)}\n`,
  };
}

/** The names of the documents in docs/ that differ from what the sources give. */
export function findStaleDocs(): string[] {
  return Object.entries(renderDocs())
    .filter(([name, text]) => readIfThere(pathOf(name)) !== text)
    .map(([name]) => name);
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function main(): void {
  const stale = findStaleDocs();
  if (process.argv.includes('--check')) {
    for (const name of stale)
      console.error(`docs/${name} is out of step; run: node scripts/generate-docs.ts`);
    process.exitCode = stale.length === 0 ? 0 : 1;
    return;
  }
  mkdirSync(pathOf('.'), { recursive: true });
  for (const [name, text] of Object.entries(renderDocs())) writeFileSync(pathOf(name), text);
  console.log(stale.length === 0 ? 'docs: nothing changed' : `docs: wrote ${stale.join(', ')}`);
}

if (import.meta.main) main();
