import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'bin', 'gateward.js');
const checkNode = join(root, 'scripts', 'check-node.js');

/** Arguments that let a script see another version of Node than the one that runs it. */
function pretend(version: string): string[] {
  const versions = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`;
  const full = `Object.defineProperty(process, 'version', { value: 'v${version}' });`;
  return [process.execPath, '--import', `data:text/javascript,${encodeURIComponent(versions + full)}`];
}

/** The Nodes on the PATH that are older than the package supports: often the one of the machine. */
async function olderNodes(): Promise<string[]> {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found: string[] = [];
  for (const node of new Set(folders.map((folder) => join(folder, name)).filter(existsSync))) {
    const { stdout } = await run([node, '--version']);
    const [major = 0, minor = 0] = stdout.slice(1).split('.').map(Number);
    if (major < 22 || (major === 22 && minor < 19)) found.push(node);
  }
  return found;
}

describe('the installed command on an older Node', () => {
  it.each(['8.17.0', '20.20.2', '21.7.3', '22.18.9'])(
    'says on %s what is needed, in one line, and ends with 1',
    async (version) => {
      const { status, stdout, stderr } = await run([...pretend(version), bin, 'serve']);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(/^gateward needs Node\.js 22\.19 or newer, and this is [\d.]+: .*install.*\n$/);
      expect(stderr).toContain(version);
    },
  );

  it('says the same when the Node really is older, for each that the machine has', async () => {
    for (const node of await olderNodes()) {
      const { status, stderr } = await run([node, bin, '--version']);
      expect({ node, status }).toEqual({ node, status: 1 });
      expect(stderr).toMatch(/^gateward needs Node\.js 22\.19 or newer[^\n]*\n$/);
    }
  });

  it.each(['22.19.0', '22.20.0', '23.0.0', '24.0.0', '100.0.0'])(
    'goes on to the command line on %s',
    async (version) => {
      const { stderr } = await run([...pretend(version), bin, '--version']);
      expect(stderr).not.toContain('needs Node.js');
    },
  );

  it('can be read by a Node that knows nothing after ES2020', () => {
    const text = readFileSync(bin, 'utf8');
    const emit = (target: ts.ScriptTarget): string =>
      ts.transpileModule(text, { compilerOptions: { target, module: ts.ModuleKind.ES2020 } }).outputText;
    expect(emit(ts.ScriptTarget.ES2020)).toBe(emit(ts.ScriptTarget.ESNext));
    expect(text).not.toMatch(/^import\b/m);
  });
});

describe('npm scripts on a Node that is not the pinned one', () => {
  it('stop with the cure', async () => {
    const { status, stderr } = await run([...pretend('20.20.2'), checkNode]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/v20\.20\.2/);
    expect(stderr).toMatch(/npm ci/);
    expect(stderr).toMatch(/allowScripts/);
  });

  it('stop with the same cure when the Node really is older, for each that the machine has', async () => {
    for (const node of await olderNodes()) {
      for (const script of ['check-node.js', 'start.js']) {
        const { status, stderr } = await run([node, join(root, 'scripts', script)]);
        expect({ node, script, status }).toEqual({ node, script, status: 1 });
        expect(stderr).toMatch(/npm ci/);
      }
    }
  });

  it('go on, without a word, on the pinned one', async () => {
    const { devDependencies }: { devDependencies: Record<string, string> } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
    const ended = await run([...pretend(devDependencies['node'] ?? ''), checkNode]);
    expect(ended).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
