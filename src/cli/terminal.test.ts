import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasHidden } from '../lib/hidden-text.ts';
import { createTerminal } from './terminal.ts';

function record(isJson: boolean) {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text) };
  return { written, terminal: createTerminal({ stdout: stream, stderr: stream }, isJson) };
}

describe('the terminal of a command', () => {
  it('gets no character that cannot be seen, but line ends and tabs', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { written, terminal } = record(false);
        terminal.say(text);
        terminal.warn(text);
        expect(hasHidden(written.join('').replaceAll(/[\n\t]/g, ''))).toBe(false);
      }),
    );
  });

  it('gets JSON without such characters, which means the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const { written, terminal } = record(true);
        terminal.emit(value);
        expect(hasHidden(written.join('').slice(0, -1))).toBe(false);
        expect(JSON.parse(written.join(''))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('names an escape sequence and a change of direction', () => {
    const { written, terminal } = record(false);
    terminal.say('a\u001b[8mb\u202ec');
    expect(written).toEqual(['a<U+001B>[8mb<U+202E>c\n']);
  });
});
