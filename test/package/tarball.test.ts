import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';
import { serveCallStop } from './serve-call-stop.ts';
import { type Installed, installTarball } from './tarball.ts';

const project = mkdtempSync(join(tmpdir(), 'gateward-tarball-'));
let installed: Installed;

beforeAll(async () => {
  installed = await installTarball(project);
}, 300_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

const manifest = (): Manifest => JSON.parse(readFileSync(join(installed.folder, 'package.json'), 'utf8'));

describe('the published package', () => {
  it('holds the command, the build and its papers, and nothing else', () => {
    const others = installed.files.filter((file) => !/^dist\/.+(?:\.js|\.d\.ts)$/.test(file));
    expect(others).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'NOTICE',
        'README.md',
        'bin/gateward.js',
        'dist/config.schema.json',
        'package.json',
      ].sort(),
    );
  });

  it('holds no test and no fixture', () => {
    expect(installed.files.filter((file) => /(^|[./-])(test|tests|fixtures?)([./-]|$)/.test(file))).toEqual(
      [],
    );
  });

  it('runs nothing when it is installed', () => {
    const { scripts = {} } = manifest();
    const onInstall = ['preinstall', 'install', 'postinstall', 'prepare'];
    expect(onInstall.filter((name) => name in scripts)).toEqual([]);
  });

  it('has every file that its export map and its command name', () => {
    const { exports, bin } = manifest();
    const targets = [
      ...Object.values(exports).flatMap((target) =>
        typeof target === 'string' ? target : Object.values(target),
      ),
      ...Object.values(bin),
    ];
    expect(
      targets.map((target) => target.replace(/^\.\//, '')).filter((file) => !installed.files.includes(file)),
    ).toEqual([]);
  });

  it('has a command that the system may run', () => {
    expect(statSync(join(installed.folder, 'bin', 'gateward.js')).mode & 0o111).not.toBe(0);
  });

  it('imports only what stands beside it', () => {
    const imports = installed.files
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) => [
        ...readFileSync(join(installed.folder, file), 'utf8').matchAll(
          /\b(?:from|import)\s*\(?['"](\.[^'"]+)['"]/g,
        ),
      ])
      .map(([, specifier = '']) => specifier);
    expect(imports.filter((specifier) => !/\.(js|json)$/.test(specifier))).toEqual([]);
  });

  it('gives what its library entry promises, without its development dependencies', async () => {
    const script = "const { createGateway } = await import('gateward'); console.log(typeof createGateway);";
    const { stdout, stderr } = await run([process.execPath, '--input-type=module', '-e', script], {
      cwd: project,
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'function\n', stderr: '' });
  });

  it('gives the JSON Schema of the configuration', async () => {
    const script =
      "const schema = await import('gateward/config.schema.json', { with: { type: 'json' } }); console.log(Object.keys(schema.default.properties).includes('upstreams'));";
    const { stdout } = await run([process.execPath, '--input-type=module', '-e', script], { cwd: project });
    expect(stdout).toBe('true\n');
  });

  it('says its version and its help', async () => {
    const bin = join(installed.folder, 'bin', 'gateward.js');
    const version = await run([process.execPath, bin, '--version']);
    expect(version).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
    const help = await run([process.execPath, bin, '--help']);
    expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining('serve') });
  });

  it('starts, carries a call to a server that nobody here wrote, and stops with nothing left', async () => {
    await serveCallStop([process.execPath, join(installed.folder, 'bin', 'gateward.js')]);
  }, 120_000);
});
