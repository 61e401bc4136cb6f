import { describe, expect, it } from 'vitest';
import { describeLaunch } from './describe-launch.ts';
import { digestLaunch } from './digest-launch.ts';
import { FileHashes } from './hash-file.ts';
import { judgeLaunch } from './judge-launch.ts';

interface Given {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const TEXT = '${TEXT}';
const hashes = new FileHashes(() => Date.now());

/** The digest of a launch in which `TEXT` stands for the value. */
async function digestWith({ command = 'npx', args = [], env = {} }: Given, value: string): Promise<string> {
  const fill = (text: string): string => text.replace(TEXT, value);
  const entries = Object.entries(env);
  const filled = {
    command,
    args: args.map(fill),
    env: Object.fromEntries(entries.map(([name, text]) => [name, fill(text)])),
    cwd: undefined,
  };
  const isFilled = (text: string): boolean => text.includes(TEXT);
  const references = {
    env: Object.fromEntries(entries.filter(([, text]) => isFilled(text))),
    args: Object.fromEntries([...args.entries()].filter(([, text]) => isFilled(text))),
  };
  const { findings } = judgeLaunch(filled);
  const described = await describeLaunch(
    { upstream: 'a', ...filled, references, sandbox: undefined },
    // A small file: what is hashed of it is the same each time.
    { file: import.meta.filename, path: '', findings, hashes },
  );
  return digestLaunch(described).digest;
}

describe('a text that was substituted', () => {
  it.each<[string, Given, string, string]>([
    ['what a shell runs', { command: 'bash', args: ['-c', TEXT] }, 'ls', 'rm x'],
    ['the script of a shell', { command: 'bash', args: [TEXT] }, '/srv/ok.sh', '/tmp/evil.sh'],
    ['code of an interpreter', { command: 'node', args: ['-e', TEXT] }, '1', '2'],
    ['the module of an interpreter', { command: 'python3', args: ['-m', TEXT] }, 'ok', 'evil'],
    [
      'the script of a launcher elsewhere',
      { command: '/opt/x/node', args: [TEXT] },
      '/srv/ok.js',
      '/tmp/e.js',
    ],
    ['what a container sees', { command: 'docker', args: ['run', '-v', TEXT, 'a/b'] }, '/srv:/x', '/:/x'],
    [
      'an option of a launcher',
      { args: ['--registry', TEXT, 'a@1.0.0'] },
      'http://a.example',
      'http://b.example',
    ],
    [
      'what Node loads',
      { args: ['a@1.0.0'], env: { NODE_OPTIONS: TEXT } },
      '--no-warnings',
      '--require=/tmp/e',
    ],
    ['where programs are found', { args: ['a@1.0.0'], env: { PATH: TEXT } }, '/usr/bin', '/tmp/evil'],
    ['whom connections trust', { args: ['a@1.0.0'], env: { HTTPS_PROXY: TEXT } }, 'http://a', 'http://b'],
    ['a value that looks like code', { args: ['a@1.0.0'], env: { APP_NAME: TEXT } }, '$(a)', '$(b)'],
  ])('is part of what is approved where it is %s', async (_, launch, one, other) => {
    expect(await digestWith(launch, one)).toBe(await digestWith(launch, one));
    expect(await digestWith(launch, one)).not.toBe(await digestWith(launch, other));
  });

  it.each<[string, Given]>([
    ['an argument of a program', { command: '/opt/mine', args: ['--token', TEXT] }],
    ['an argument of a package', { args: ['-y', 'a', `--token=${TEXT}`] }],
    ['a variable', { args: ['-y', 'a'], env: { API_TOKEN: TEXT } }],
    ['a variable that is not known', { args: ['-y', 'a'], env: { token: TEXT } }],
  ])('may be another where it is %s', async (_, launch) => {
    expect(await digestWith(launch, 'secret-1')).toBe(await digestWith(launch, 'secret-2'));
  });
});
