import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growsInLine } from '../../../test/support/growth.ts';
import { findSecretParts, isSecretName, looksSecret } from './find-secret-parts.ts';
import { keepArgs, keepHeaders, keepUrl, keepValues } from './make-entry.ts';

const keep = (label: string, value: string): string => `<${label}:${value.length}>`;

describe('names of secrets', () => {
  it.each([
    'API_KEY',
    'GITHUB_TOKEN',
    'dbPassword',
    'X-Api-Key',
    'DATABASE_URL',
    'slackBotToken',
    'PGPASSWORD',
  ])('%s is one', (name) => expect(isSecretName(name, 'some value')).toBe(true));

  it.each([
    ['KEYBOARD', 'us'],
    ['LOG_LEVEL', 'debug'],
    ['TOKEN_LIMIT_ENABLED', 'true'],
    ['GOOGLE_APPLICATION_CREDENTIALS', '/home/me/key.json'],
  ])('%s=%s is none', (name, value) => expect(isSecretName(name, value)).toBe(false));
});

describe('texts that look secret', () => {
  it.each([
    'ghp_0123456789abcdefghijABCDEFGHIJ',
    'sk-proj-abcdef1234567890',
    'https://me:pass@host/x',
    'postgresql://me:hunter2@db/x',
    '3f2b9c4d-1a2b-4c3d-8e9f-0a1b2c3d4e5f',
    'aB3dE5fG7hI9jK1l',
  ])('%s', (text) => expect(looksSecret(text)).toBe(true));

  it.each([
    '@modelcontextprotocol/server-filesystem@2026.8.31',
    'mcp-server-fetch==2025.4.7',
    'ghcr.io/github/github-mcp-server@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    '/home/me/projects/some-long-folder-name/file.txt',
    'https://api.example.com/v1/mcp?mode=readonly',
    'us-east-1',
    '--transport=stdio',
  ])('not %s', (text) => expect(findSecretParts(text)).toEqual([]));

  it('are found in time that grows with the text', () => {
    for (const unit of ['a1', '://:', 'sk-'])
      expect(growsInLine(500_000, (size) => void findSecretParts(unit.repeat(size / unit.length)))).toBe(
        true,
      );
  });
});

describe('entries', () => {
  it('keep secrets of arguments after options, in assignments, headers and addresses', () => {
    const args = [
      '--api-key',
      'plain',
      '--token=plain',
      '--header',
      'Authorization: Bearer plain',
      '-e',
      'MY_SECRET=plain',
      '--header=Authorization: Bearer plain',
      '--env=MY_SECRET=plain',
      '--set=env.API_KEY=plain',
      'postgres://me:plain@db/x',
      'https://x.example/mcp?token=plain',
      '{"apiKey":"plain","mode":"x"}',
      '--verbose',
      '--port',
      '80',
    ];
    const kept = keepArgs(args, keep);
    expect(kept.join(' ')).not.toContain('plain');
    expect(kept).toContain('Authorization: Bearer <Authorization:5>');
    expect(kept.slice(-3)).toEqual(['--verbose', '--port', '80']);
  });

  it('keep no reference a second time', () => {
    expect(keepValues({ API_KEY: '${API_KEY}' }, keep)).toEqual({ API_KEY: '${API_KEY}' });
    expect(keepHeaders({ Authorization: 'Bearer ${T}' }, keep)).toEqual({ Authorization: 'Bearer ${T}' });
    expect(keepArgs(['--token', '${T}', '--key=${T}'], keep)).toEqual(['--token', '${T}', '--key=${T}']);
  });

  it('give the user of a URL as a header', () => {
    expect(keepUrl('https://me:pw@host/mcp?api_key=abc&x=1', (_, value) => `[${value}]`)).toEqual({
      url: 'https://host/mcp?api_key=[abc]&x=1',
      authorization: `Basic [${Buffer.from('me:pw').toString('base64')}]`,
    });
  });

  it('say the same once the references are filled in', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 5 }), (args) => {
        const values: string[] = [];
        const kept = keepArgs(args, (_, value) => `\u0000${values.push(value) - 1}\u0000`);
        const filled = kept.map((arg) =>
          arg.replaceAll(/\0(\d+)\0/g, (_, index) => values[Number(index)] ?? ''),
        );
        expect(filled).toEqual(args);
      }),
    );
  });
});
