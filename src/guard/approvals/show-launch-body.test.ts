import { expect, it } from 'vitest';
import { canonicalLaunch } from '../launch/digest-launch.ts';
import { showLaunchBody } from './show-launch-body.ts';

const sha256 = 'a'.repeat(64);

it('shows a launch whole: one argument a line, secrets by reference, the files that run', () => {
  const body = canonicalLaunch({
    command: 'npx',
    binary: { path: '/usr/bin/npx', sha256, interpreters: [{ path: '/usr/bin/node', sha256 }] },
    args: ['-y', 'server\u202e', { secret: '--key=${KEY}', rules: ['text.newline'] }],
    env: [
      { name: 'MODE', value: 'a\nb' },
      { name: 'TOKEN', secret: '${TOKEN}' },
      { name: 'API_KEY', sha256 },
    ],
    cwd: '/srv',
  });
  expect(showLaunchBody(body)).toEqual([
    '"npx"',
    '  "-y"',
    '  "server<U+202E>"',
    '  what stands for "--key=${KEY}", which falls under "text.newline"',
    `  env "API_KEY" = a secret with the SHA-256 "${sha256}"`,
    '  env "MODE" = "a<U+000A>b"',
    '  env "TOKEN" = what stands for "${TOKEN}"',
    '  in "/srv"',
    `  program "/usr/bin/npx" with the SHA-256 "${sha256}"`,
    `  run by "/usr/bin/node" with the SHA-256 "${sha256}"`,
  ]);
});

it('leaves out no part that it does not know', () => {
  const body = JSON.stringify({ form: 1, command: 'x', args: [7], env: {}, cwd: null, more: { a: 1 } });
  expect(showLaunchBody(body)).toEqual(['"x"', '  "7"', '  "more": "{\\"a\\":1}"']);
  for (const other of ['{"form":2}', '[]', 'null', '"x"']) {
    expect(showLaunchBody(other)).toEqual([JSON.stringify(other)]);
  }
});
