import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeal } from '../lib/seal.ts';
import { createConnectionIds } from './connection-ids.ts';
import { createQuestionIds, nameQuestion } from './question-ids.ts';

const seal = createSeal(randomBytes(32));
const questions = createQuestionIds(seal);
const connections = createConnectionIds(seal);
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,30}$/);
const question = { session: 's', stream: 'p1', holder: 'r', name: 'n' };

describe('ids of questions', () => {
  it('open to what was put into them', () => {
    fc.assert(
      fc.property(
        fc.record({ session: name, stream: fc.option(name, { nil: undefined }), holder: name, name }),
        (given) => {
          expect(questions.read(questions.write(given))).toEqual(given);
        },
      ),
    );
  });

  it('are JSON strings that fit into any header and log', () => {
    const [session, stream, holder] = ['s'.repeat(22), 'p'.repeat(13), 'r'.repeat(22)];
    const id = questions.write({ session, stream, holder, name: nameQuestion() });
    expect(id).toMatch(/^"[A-Za-z0-9_-]{1,200}"$/);
  });

  it('are nothing to anybody else', () => {
    const id = questions.write(question);
    const other = createQuestionIds(createSeal(randomBytes(32)));
    expect(other.read(id)).toBeUndefined();
    for (const wrong of ['"x"', '1', 'null', '"', id.slice(0, -2), `${id}x`, id.replace(/.$/, 'A"')])
      expect(questions.read(wrong)).toBeUndefined();
    expect(questions.read(`"${'x'.repeat(100_000)}"`)).toBeUndefined();
    expect(connections.read(id.slice(1, -1))).toBeUndefined();
  });
});

describe('ids of connections', () => {
  it('open to what was put into them, and are nothing to anybody else', () => {
    const id = connections.write({ holder: 'r', connection: 'c' });
    expect(connections.read(id)).toEqual({ holder: 'r', connection: 'c' });
    expect(connections.read(`${id}x`)).toBeUndefined();
    expect(connections.read('')).toBeUndefined();
    expect(createConnectionIds(createSeal(randomBytes(32))).read(id)).toBeUndefined();
  });
});
