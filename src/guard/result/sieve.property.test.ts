import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growsInLine } from '../../../test/support/growth.ts';
import { findMeaning } from '../scan/find-meaning.ts';
import { listEntries } from '../scan/list-entries.ts';
import { SEQUENCES } from '../scan/sequences.ts';
import { foldText } from '../scan/skeleton.ts';
import { findInjection } from './find-injection.ts';
import { findSecrets } from './find-secrets.ts';
import { MAY_HOLD, Sieve } from './sieve.ts';

const sieve = new Sieve();
const entries = listEntries();
const blocking = SEQUENCES.filter(({ severity }) => severity === 'block');

/** A text that says what one of the sequences looks for, in words of the lexicon, with others between. */
const payload = fc
  .record({
    sequence: fc.constantFrom(...blocking),
    picks: fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
    filler: fc.constantFrom(' ', ' the ', ', ', ' a b '),
    around: fc.tuple(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 })),
  })
  .map(({ sequence, picks, filler, around }) => {
    const words = sequence.steps.map(({ some, every, none }, at) => {
      const fitting = entries.filter(
        ({ mask }) => (mask & some) !== 0 && (mask & every) === every && (mask & none) === 0,
      );
      const picked = fitting[(picks[at] ?? 0) % Math.max(1, fitting.length)];
      return picked === undefined ? 'read_any_file' : picked.phrase + (picked.isStem ? 'ed' : '');
    });
    return `${around[0]} ${words.join(filler)} ${around[1]}`;
  });

const isBlocked = (text: string): boolean =>
  findMeaning(text, new Set()).some(({ severity }) => severity === 'block');

const mayHold = (text: string, what: number): boolean => {
  const raw = Buffer.from(JSON.stringify({ content: [{ type: 'text', text }] })).toString('latin1');
  return (sieve.look(raw, 'json') & (what | MAY_HOLD.unread)) !== 0;
};

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const token = fc
  .tuple(
    fc.constantFrom(
      ...[
        'ghp_',
        'AKIA',
        'glpat-',
        'xoxb-',
        'sk_live_',
        'AIza',
        'sk-ant-',
        'sk-',
        'npm_',
        'pypi-',
        'hf_',
        'SG.',
      ],
      ...[
        'dop_v1_',
        'hvs.',
        'shpat_',
        'gwk_',
        'eyJhbGciOi.eyJ',
        'Bearer ',
        'Authorization: Basic ',
        'password=',
      ],
      ...['api_key: "', 'postgres://me:', 'whsec_', 'ya29.', 'AccountKey=', '-----BEGIN PRIVATE KEY-----\n'],
    ),
    fc.array(fc.constantFrom(...letters), { minLength: 16, maxLength: 70 }),
    fc.constantFrom('', '@db.example/x', '"', '.', '\n'),
  )
  .map(([start, rest, end]) => start + rest.join('') + end);

describe('the sieve', () => {
  it('lets no text pass in which the scan would find instructions', () => {
    fc.assert(
      fc.property(payload, (text) => {
        fc.pre(isBlocked(foldText(text)));
        expect(mayHold(text, MAY_HOLD.injection)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('lets none pass beyond ASCII either', () => {
    const wide = fc.constantFrom('é', ' ünter ', '…', 'ß', '–', 'Ж ', '’');
    fc.assert(
      fc.property(wide, payload, wide, (before, said, after) => {
        const text = before + said + after;
        fc.pre(isBlocked(foldText(text)));
        expect(findInjection(text, sieve)).not.toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('lets no text pass in which there is a secret', () => {
    const lead = fc.constantFrom('', ' ', '\n', '"', 'x: ', 'key_', '(', '\\', '/', 'ünder ');
    fc.assert(
      fc.property(lead, token, fc.string({ maxLength: 20 }), (before, secret, after) => {
        const text = before + secret + after;
        fc.pre(findSecrets(text).length > 0);
        expect(mayHold(text, MAY_HOLD.secret)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('says of what it cannot read that it cannot', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // A line may end as on Windows, the last one too.
        fc.pre(/[^\t\n\x20-\x7e]/.test(text.replaceAll(/\r(?=\n|$)/g, '')));
        expect(mayHold(text, MAY_HOLD.unread)).toBe(true);
      }),
    );
  });

  it('passes the usual result', () => {
    const rows = { id: 42, state: 'open', createdAt: '2026-07-28T10:00:00Z', labels: ['bug', 'help wanted'] };
    const text = `The parser fails when the input is empty. ${JSON.stringify(rows)}`;
    expect(sieve.look(JSON.stringify({ content: [{ type: 'text', text }] }), 'json')).toBe(0);
  });

  it('takes time that grows with the text', () => {
    for (const unit of ['a', '@', '/A', '://a:', '&', 'ghp_', ' i', 'aB3', '"\\n', '.env ']) {
      const isInLine = growsInLine(
        400_000,
        (size) => void sieve.look(unit.repeat(size / unit.length), 'text'),
      );
      expect([unit, isInLine]).toEqual([unit, true]);
    }
  });
});
