import { describe, expect, it } from 'vitest';
import { growsInLine } from '../../../test/support/growth.ts';
import { maskSecrets, showValue } from './show-value.ts';

const SECRET = 'Zx81kQmLw92hTsUvXy47RbNcDe53Fg';

describe('showValue', () => {
  it.each([
    { headers: { 'X-Anything': SECRET } },
    { env: { HARMLESS: 'abc-secret' } },
    { requestOptions: { headers: { Cookie: 'abc-secret' } } },
    { apiKey: 'abc-secret' },
    { args: ['--api-key', 'abc-secret'] },
    { args: ['--token=abc-secret'] },
    { url: 'https://ann:abc-secret@example.com/' },
    { url: 'https://example.com/?api_key=abc-secret&x=1' },
    { command: `run ${SECRET}` },
    { args: [`ghp_${SECRET}`] },
  ])('hides the secret of %j', (value) => {
    expect(showValue(value)).not.toMatch(new RegExp(`${SECRET}|abc-secret`));
    expect(showValue(value)).toContain('<secret ');
  });

  it.each([
    { url: 'https://api.githubcopilot.com/mcp/', type: 'http' },
    { command: 'npx', args: ['-y', '@modelcontextprotocol/server-filesystem@2026.8.31', '/srv/docs'] },
    { headers: { Authorization: 'Bearer ${input:token}' } },
    [{ hooks: [{ type: 'command', command: 'node /home/ann/.cache/sync.js' }] }],
    true,
  ])('shows all of %j', (value) => {
    expect(maskSecrets(value)).toEqual(value);
  });

  it('takes time that grows with the text', () => {
    for (const unit of [' ', '=', 'a-'])
      expect(growsInLine(500_000, (size) => void showValue({ text: unit.repeat(size / unit.length) }))).toBe(
        true,
      );
  });

  it('shows no secret at a cut', () => {
    expect(showValue({ text: `${'x '.repeat(2040)}${SECRET}` })).not.toContain(SECRET.slice(0, 8));
  });

  it('masks equal secrets alike and others otherwise, so that a change shows', () => {
    const masked = (token: string): string => showValue({ token });
    expect(masked('a1')).toBe(masked('a1'));
    expect(masked('a1')).not.toBe(masked('a2'));
  });
});
