import { describe, expect, it } from 'vitest';
import { GatewardError } from '../errors.ts';
import { explainDown, ProcessEnded } from './process-ended.ts';

describe('what is said of an upstream that is down', () => {
  it('names how its process ended, however deep that stands', () => {
    const lost = new GatewardError('UPSTREAM_LOST', { cause: new ProcessEnded('SIGKILL') });
    const error = new GatewardError('UPSTREAM_UNAVAILABLE', { cause: lost });
    expect(explainDown(error)).toBe(
      `${error.message} Its process ended with SIGKILL. What it wrote to standard error is in the log.`,
    );
  });

  it('is the message alone where no process ended, and where causes go in a circle', () => {
    const error = new GatewardError('UPSTREAM_UNAVAILABLE', { cause: { code: 'ECONNREFUSED' } });
    expect(explainDown(error)).toBe(error.message);
    const circle = new Error('round');
    circle.cause = circle;
    expect(explainDown(circle)).toBe('round');
  });
});
