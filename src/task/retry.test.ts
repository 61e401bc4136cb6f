import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { failedBy, failedUpstream } from '../wire/failure.ts';
import { afterFailure, ranNothing } from './retry.ts';
import type { RetryRules } from './rules.ts';

const rules: RetryRules = {
  attempts: 3,
  delayMs: 1000,
  maxDelayMs: 5000,
  on: ['lost', 'timeout', '5xx', -32099],
};
const attempt = { failures: 1, repeatable: true, sent: true, doubtful: false };
const by = (code: ErrorCode) => failedBy(new GatewardError(code));
const kindOf = (code: ErrorCode, changes: Partial<typeof attempt> = {}) =>
  afterFailure(rules, { ...attempt, ...changes, failed: by(code) }, () => 0).kind;

const CODES: readonly ErrorCode[] = [
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_LOST',
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_INVALID',
  'UPSTREAM_REFUSED',
  'RATE_LIMITED',
  'STOPPING',
  'STORE_UNAVAILABLE',
  'STATE_INVALID',
  'INTERNAL_ERROR',
];

describe('a failed attempt', () => {
  it('is made again where it is safe and its failure is named', () => {
    for (const code of ['UPSTREAM_LOST', 'UPSTREAM_TIMEOUT', 'UPSTREAM_FAILED'] as const)
      expect(kindOf(code)).toBe('again');
    expect(kindOf('UPSTREAM_INVALID')).toBe('over');
  });

  it('is made again for a code of the upstream that the operator named, and for no other', () => {
    const of = (code: number) =>
      afterFailure(rules, { ...attempt, failed: failedUpstream(JsonText.of({ code, message: '' })) }, () => 0)
        .kind;
    expect([of(-32099), of(-32098)]).toEqual(['again', 'over']);
  });

  it('is made again where nothing ran, whether or not it is safe to repeat', () => {
    expect(kindOf('UPSTREAM_UNAVAILABLE', { repeatable: false })).toBe('again');
  });

  it('ran nothing if the store failed before it was sent, and may have run after that', () => {
    const failed = by('STORE_UNAVAILABLE');
    expect([ranNothing({ failed, sent: false }), ranNothing({ failed, sent: true })]).toEqual([true, false]);
    expect(kindOf('STORE_UNAVAILABLE', { repeatable: false, sent: false })).toBe('again');
    expect(kindOf('STORE_UNAVAILABLE', { repeatable: false, sent: true })).toBe('over');
  });

  it('stays open if a dead replica may have made the call before and that is not safe', () => {
    const failed = by('UPSTREAM_UNAVAILABLE');
    const of = (repeatable: boolean) =>
      afterFailure(rules, { ...attempt, failed, repeatable, doubtful: true }, () => 0);
    expect(of(false)).toMatchObject({ kind: 'again', isOpen: true });
    expect(of(true)).toMatchObject({ kind: 'again', isOpen: false });
  });

  it('waits longer each time, and is over once the attempts are used up', () => {
    const delayOf = (failures: number) =>
      afterFailure({ ...rules, attempts: 9 }, { ...attempt, failures, failed: by('UPSTREAM_LOST') }, () => 1);
    expect([1, 2, 3, 4].map((n) => delayOf(n))).toMatchObject(
      [1000, 2000, 4000, 5000].map((delayMs) => ({ delayMs })),
    );
    expect([1, 2, 3].map((failures) => kindOf('UPSTREAM_LOST', { failures }))).toEqual([
      'again',
      'again',
      'over',
    ]);
  });

  it('is never made anew if it may have run and is not safe to repeat', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CODES),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        (code, sent, doubtful, failures) => {
          const failed = by(code);
          const next = afterFailure(rules, { failed, failures, repeatable: false, sent, doubtful }, () => 0);
          if (next.kind === 'over') return;
          expect(failures).toBeLessThan(rules.attempts);
          expect(ranNothing({ failed, sent })).toBe(true);
          expect(next.isOpen).toBe(doubtful);
        },
      ),
    );
  });
});
