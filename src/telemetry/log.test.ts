import { describe, expect, it } from 'vitest';
import { GatewardError } from '../errors.ts';
import { createLog, type SettableLog } from './log.ts';

interface Recorded {
  readonly log: SettableLog;
  readonly lines: string[];
  last(): Record<string, unknown>;
}

type Sketch = Partial<{
  level: 'trace' | 'debug' | 'info' | 'silent';
  format: 'auto' | 'json' | 'pretty';
}> & {
  secrets?: string[];
  isTerminal?: boolean;
};

function record({
  level = 'info',
  format = 'json',
  secrets = [],
  isTerminal = false,
}: Sketch = {}): Recorded {
  const lines: string[] = [];
  const config = { level, format };
  const log = createLog({ config, secrets, isTerminal, write: (line) => lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('the log', () => {
  it('writes one JSON object a line, with time, level, message and fields', () => {
    const { log, lines, last } = record();
    log.warn('a thing\nhappened', { upstream: 'files', count: 3 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[^\n]+\n$/);
    expect(last()).toMatchObject({ level: 'warn', msg: 'a thing\nhappened', upstream: 'files', count: 3 });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(Object.keys(last())).not.toContain('pid');
  });

  it('keeps fields apart from the names of its own', () => {
    const { log, last } = record();
    log.info('set', { level: 'debug', msg: 'x', time: 0 });
    expect(last()).toMatchObject({ level: 'info', msg: 'set', level_: 'debug', msg_: 'x', time_: 0 });
  });

  it('leaves out what is below its level, and follows new settings', () => {
    const { log, lines } = record();
    log.debug('no');
    log.useSettings({ config: { level: 'debug', format: 'json' }, secrets: [] });
    log.debug('yes');
    log.useSettings({ config: { level: 'silent', format: 'json' }, secrets: [] });
    log.error('no');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['yes']);
  });

  it('tells an error by message, code and causes, with stacks only for debugging', () => {
    const cause = Object.assign(new TypeError('refused'), { code: 'ECONNREFUSED' });
    const error = new GatewardError('UPSTREAM_LOST', { cause });
    const { log, last } = record();
    log.error('failed', { error });
    expect(last()['error']).toEqual({
      message: error.message,
      code: 'UPSTREAM_LOST',
      cause: { message: 'refused', code: 'ECONNREFUSED' },
    });
    log.useSettings({ config: { level: 'debug', format: 'json' }, secrets: [] });
    log.error('failed', { error });
    expect(last()['error']).toMatchObject({ stack: expect.stringContaining('log.test.ts') });
  });

  it('ends with an error that is its own cause', () => {
    const error = new TypeError('round');
    error.cause = error;
    const { log, lines } = record();
    log.error('failed', { error });
    expect(lines).toHaveLength(1);
  });

  it('hides secrets in messages, fields, errors, and as JSON and URLs spell them', () => {
    const secret = 'p"ä s\\s';
    const { log, lines } = record({ secrets: [secret], level: 'debug' });
    log.info(`with ${secret}`, { [secret]: secret, url: `http://x/?key=${encodeURIComponent(secret)}` });
    log.error('failed', { error: new TypeError(secret, { cause: new TypeError(secret) }) });
    expect(lines.join('')).not.toContain('s\\s');
    expect(lines.join('')).not.toContain('p%22');
    expect(lines.join('')).toContain('[hidden]');
    for (const line of lines) JSON.parse(line);
  });
});

describe('the log for people', () => {
  it('is one readable line', () => {
    const { log, lines } = record({ format: 'pretty' });
    log.info('listening', { url: 'http://127.0.0.1:1', words: 'two words', list: [1] });
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d INFO {2}listening url=http:\/\/127.0.0.1:1 words="two words" list=\[1\]\n$/,
    );
  });

  it('is what a terminal gets, in colour, unless JSON was asked for', () => {
    const auto = record({ format: 'auto', isTerminal: true });
    auto.log.info('x');
    expect(auto.lines[0]).toContain('\u001b[32mINFO');
    const json = record({ format: 'json', isTerminal: true });
    json.log.info('x');
    expect(json.last()).toMatchObject({ msg: 'x' });
    const piped = record({ format: 'auto' });
    piped.log.info('x');
    expect(piped.last()).toMatchObject({ msg: 'x' });
  });

  it('lets no control character of a stranger reach the terminal', () => {
    const { log, lines } = record({ format: 'pretty' });
    log.info('bad \u001b]0;title\u0007', { name: '\u001b[2J', wide: '\u009b2J' });
    expect([...(lines[0] ?? '')].filter((character) => /[^\P{Cc}\n]/u.test(character))).toEqual([]);
  });

  it('tells an error and what it came from', () => {
    const { log, lines } = record({ format: 'pretty' });
    log.error('failed', { error: new GatewardError('STOPPING', { cause: new TypeError('why') }) });
    expect(lines[0]).toMatch(/ERROR failed error=The gateway is stopping.*\(STOPPING\) <- why\n$/);
  });
});
