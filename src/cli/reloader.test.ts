import { describe, expect, it } from 'vitest';
import { GatewardError } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { createReloader } from './reloader.ts';
import { createTerminal } from './terminal.ts';

type Report = Awaited<ReturnType<Gateway['reload']>>;

function record(outcomes: (() => Promise<Report>)[]) {
  const events: Record<string, unknown>[] = [];
  const logged: string[] = [];
  let running = 0;
  let most = 0;
  const stdout = { write: (text: string) => events.push(JSON.parse(text)) };
  const say = (message: string): void => void logged.push(message);
  const reloader = createReloader({
    gateway: {
      reload: async () => {
        running += 1;
        most = Math.max(most, running);
        try {
          return await (outcomes.shift() ?? (() => Promise.resolve(report())))();
        } finally {
          running -= 1;
        }
      },
    },
    log: { debug: say, info: say, warn: say, error: say },
    terminal: createTerminal({ stdout, stderr: { write: () => undefined } }, true),
  });
  return { reloader, events, logged, most: () => most };
}

function report(more: Partial<Report> = {}): Report {
  return { at: '', changed: [], needsRestart: [], warnings: [], ...more };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the reloader', () => {
  it('tells what changed, what needs a new start, and the doubts', async () => {
    const told = report({ changed: ['log'], needsRestart: ['listen.port'], warnings: ['hm'] });
    const { reloader, events, logged } = record([() => Promise.resolve(told)]);
    reloader.reload('SIGHUP');
    await settled();
    expect(events).toMatchObject([{ event: 'reloaded', why: 'SIGHUP', changed: ['log'] }]);
    expect(logged).toEqual(['hm', 'some changes need a restart', 'the configuration was read again']);
  });

  it('tells why a configuration was refused, and goes on', async () => {
    const { reloader, events } = record([() => Promise.reject(new GatewardError('CONFIG_INVALID'))]);
    reloader.reload('a');
    await settled();
    reloader.reload('b');
    await settled();
    expect(events).toMatchObject([
      { event: 'reload-refused', error: { code: 'CONFIG_INVALID' } },
      { event: 'reloaded', why: 'b' },
    ]);
  });

  it('runs one at a time, and meets all wishes of that time by one further reload', async () => {
    const first = Promise.withResolvers<Report>();
    const { reloader, events, most } = record([() => first.promise]);
    for (const why of ['1', '2', '3', '4']) reloader.reload(why);
    await settled();
    expect(events).toEqual([]);
    first.resolve(report());
    await settled();
    expect(events.map(({ why }) => why)).toEqual(['1', '4']);
    expect(most()).toBe(1);
  });
});
