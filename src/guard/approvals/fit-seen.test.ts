import { describe, expect, it } from 'vitest';
import { seenOf } from '../../../test/support/seen.ts';
import type { ApprovalRow } from '../../store/approval-table.ts';
import { describe as describeRow } from './approval-view.ts';
import { fitSeen, MAX_TEXT } from './fit-seen.ts';

describe('what is kept of a thing that was seen', () => {
  it('is all of it up to the bound', () => {
    const seen = seenOf({ body: `"${'x'.repeat(MAX_TEXT - 2)}"` });
    expect(fitSeen(seen)).toBe(seen);
  });

  it('is the size of a body above it, with the digest of the whole and what was found', () => {
    const finding = { rule: 'bidi-control', path: '/x', reason: 'r', severity: 'block' };
    const seen = seenOf({ body: `"${'é'.repeat(MAX_TEXT)}"`, findings: JSON.stringify([finding]) });
    const { body, findings, ...rest } = fitSeen(seen);
    expect(body).toBe(`{"bytes":${2 * MAX_TEXT + 2},"tooLarge":true}`);
    expect(JSON.parse(findings)).toEqual([
      expect.objectContaining({ rule: 'too-large', dangerous: true }),
      finding,
    ]);
    const { body: _, findings: __, ...before } = seen;
    expect(rest).toEqual(before);
  });

  it('is one finding in place of too many', () => {
    const many = JSON.stringify(
      Array.from({ length: 10_000 }, () => ({ rule: 'preference', reason: 'x'.repeat(30) })),
    );
    const { body, findings } = fitSeen(seenOf({ body: '{}', findings: many }));
    expect(body).toBe('{}');
    expect(JSON.parse(findings)).toEqual([
      expect.objectContaining({ rule: 'too-many-findings', dangerous: true }),
    ]);
  });

  it.each(['tools', 'launch'] as const)('is shown as too large, and asks for a word more: %s', (kind) => {
    const { body, findings } = fitSeen(seenOf({ body: `"${'x'.repeat(MAX_TEXT)}"` }));
    const row: ApprovalRow = {
      ...{ id: 'a', upstream: 'files', kind, name: 'search', digest: 'sha256:1', state: 'pending' },
      ...{ body, findings, seenAt: 0, decidedAt: undefined, decidedBy: undefined },
    };
    const details = describeRow(row, undefined);
    expect(details.dangerous).toBe(true);
    expect(details.findings).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('too large to be shown'), grave: true }),
    ]);
  });
});
