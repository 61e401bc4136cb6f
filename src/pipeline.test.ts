import { describe, expect, it } from 'vitest';
import type { Outcome, Principal } from './call.ts';
import { foldRows } from './lib/rows.ts';
import { startTable } from './pipeline.ts';
import type { Nothing, Step } from './steps/step.ts';

const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const done: Outcome = {
  kind: 'error',
  error: undefined as never,
  code: undefined,
  retryAfterSeconds: undefined,
};

const addPrincipal: Step<Nothing, { readonly principal: Principal }> = (_, next) =>
  next({ principal: { key: 'someone', kind: 'local' } });
const needPrincipal: Step<{ readonly principal: Principal }, Nothing> = (_, next) => next({});
const answer: Step<Nothing, Nothing> = () => Promise.resolve(done);

describe('the table', () => {
  it('compiles only in an order in which each row knows what it needs, door by door', () => {
    const ordered = startTable(quiet)
      .use(addPrincipal, 'LH', 'MH')
      .use(needPrincipal, 'LH', 'MH')
      .use(answer, 'LH');
    expect(Object.keys(ordered.handlers())).toEqual(['LH', 'MH', 'SE', 'TK']);
    // @ts-expect-error: nothing above it says who the principal is
    startTable(quiet).use(needPrincipal, 'LH');
    // @ts-expect-error: at the SSE door nobody has said so
    startTable(quiet).use(addPrincipal, 'LH').use(needPrincipal, 'SE');
  });
});

describe('foldRows', () => {
  it('runs rows as onion layers and lays what they add over the context', async () => {
    const seen: string[] = [];
    const layer = (name: string) => ({
      run: async (context: object, next: (added: object) => Promise<string>) => {
        seen.push(`${name} in ${JSON.stringify(context)}`);
        const result = await next({ [name]: true });
        seen.push(`${name} out`);
        return `${name}(${result})`;
      },
    });
    const innermost = { run: async (context: object) => Object.keys(context).join('+') };
    await expect(foldRows([layer('a'), layer('b'), innermost])({ start: 1 })).resolves.toBe(
      'a(b(start+a+b))',
    );
    expect(seen).toEqual(['a in {"start":1}', 'b in {"start":1,"a":true}', 'b out', 'a out']);
  });

  it('rejects when no row answers', async () => {
    await expect(foldRows([])({})).rejects.toThrow(TypeError);
  });
});
