import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseYaml, plainValue } from './parse-yaml.ts';
import { type Substitution, substitute } from './substitute.ts';

const FOLDER = join(import.meta.dirname, 'golden');

async function fill(
  text: string,
  variables: Record<string, string> = {},
): Promise<Substitution & { readonly value: unknown }> {
  const yaml = parseYaml(text);
  const result = await substitute(yaml, { variables, folder: FOLDER });
  return { ...result, value: plainValue(yaml.document) };
}

it('variables stand in for ${NAME}, also several in one text', async () => {
  const { value, problems } = await fill('a: x${B}y${C}\n', { B: '1', C: '2' });
  expect(value).toEqual({ a: 'x1y2' });
  expect(problems).toEqual([]);
});

it('$${ is a plain ${', async () => {
  const { value } = await fill('a: "$${B} $$${B} $B {B}"\n', { B: '1' });
  expect(value).toEqual({ a: '${B} $${B} $B {B}' });
});

it('what was substituted is not substituted again', async () => {
  const { value } = await fill('a: ${B}\n', { B: '${C}', C: 'x' });
  expect(value).toEqual({ a: '${C}' });
});

it('a file gives its text without one newline at the end', async () => {
  const { value, files } = await fill('a: "[${file:root.txt}]"\nb: ${file:key.txt}\n');
  expect(value).toEqual({ a: '[/srv/docs]', b: 'key-from-a-file' });
  expect(files).toEqual([join(FOLDER, 'root.txt'), join(FOLDER, 'key.txt')]);
});

it('keys and comments are left alone', async () => {
  const { value, problems } = await fill('"${B}": 1 # ${C}\n');
  expect(value).toEqual({ '${B}': 1 });
  expect(problems).toEqual([]);
});

it('an anchor is filled once, wherever its aliases are', async () => {
  const { value } = await fill('a: &x "$${B}${B}"\nb: *x\n', { B: '1' });
  expect(value).toEqual({ a: '${B}1', b: '${B}1' });
});

it.each([
  ['a: ${NONE}', 'The environment variable NONE is not set. Set it before the start.'],
  ['a: ${toString}', 'The environment variable toString is not set. Set it before the start.'],
  ['a: ${file:none.txt}', 'The file "none.txt" of a ${file:...} does not exist.'],
  ['a: ${file:tls}', 'The file "tls" of a ${file:...} is a folder.'],
  [
    'a: ${x-y}',
    '"${x-y}" is neither ${NAME} nor ${file:PATH}. Write "$${" for the characters "${" themselves.',
  ],
  ['a: "${B"', 'A "${" has no "}" after it. Close it, or write "$${" for the characters themselves.'],
])('%s is a problem', async (text, message) => {
  const { problems, failed } = await fill(text);
  expect(problems).toEqual([{ line: 1, column: 4, key: 'a', message }]);
  expect([...failed]).toEqual(['a']);
});

it('what goes to upstreams is secret, and so is every file', async () => {
  const text = [
    'listen: { host: "${PLAIN}", port: "${file:root.txt}" }',
    'upstreams: { a: { headers: { X: "${S1}" }, env: { X: "${S2}" }, args: ["${S3}", "${HOME}"], cwd: "${PLAIN}" } }',
  ];
  const { secrets } = await fill(text.join('\n'), {
    PLAIN: 'p',
    S1: 's1',
    S2: 's2',
    S3: 's3',
    HOME: '/home/me',
  });
  expect(secrets).toEqual(['/srv/docs', 's1', 's2', 's3']);
});
