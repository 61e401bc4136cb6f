import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { JsonGuard } from './guard-json.ts';

const TOKEN = `ghp_${'a1B2'.repeat(9)}`;
const guard = new JsonGuard();
const rules = { injection: 'off', hidden: 'remove', secrets: 'redact', personal: [] } as const;

function told(text: string): string | undefined {
  const { json } = guard.guard(JsonText.of({ content: [{ type: 'text', text }] }), rules);
  return json.get('content')?.items()[0]?.get('text')?.string();
}

const each = (write: (code: number) => string): string =>
  [...TOKEN].map((char) => write(char.charCodeAt(0))).join('');
const hex = (code: number): string => code.toString(16).padStart(2, '0');

describe('a secret', () => {
  it.each([
    ['base64', Buffer.from(`token: ${TOKEN}`).toString('base64')],
    ['base64 for addresses', Buffer.from(`>>?${TOKEN}`).toString('base64url')],
    ['base64 twice', Buffer.from(Buffer.from(`token: ${TOKEN}`).toString('base64')).toString('base64')],
    ['hexadecimal', Buffer.from(TOKEN).toString('hex')],
    ['percent escapes', each((code) => `%${hex(code)}`)],
    ['one percent escape', TOKEN.replace('_', '%5F')],
    ['character references', each((code) => `&#${code};`)],
    ['escapes of code', each((code) => `\\u00${hex(code)}`)],
  ])('in %s is taken out with all of the word', (_, written) => {
    expect(told(`see ${written} there`)).toBe('see [removed: github-token] there');
    expect(told(JSON.stringify({ deep: written.replaceAll('\\', '\\') }))).not.toContain(
      written.slice(0, 30),
    );
  });

  it('that only has a name is left in an encoded file, and so is what is none', () => {
    for (const honest of [
      Buffer.from('The password=hunter2hunter2 of the example.').toString('base64'),
      Buffer.from('A page about tokens such as ghp_ and AKIA, in base64.').toString('base64'),
      'https://a.example/?q=a%20b%2Fc&lang=en',
    ])
      expect(told(`see ${honest} there`)).toBe(`see ${honest} there`);
  });
});
