import { expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { MemoryLog } from '../../../test/support/stdio-upstream.ts';
import { StderrLog } from './stderr-log.ts';

function setUp() {
  const [log, clock] = [new MemoryLog(), new ManualClock()];
  return { log, clock, stderr: new StderrLog('files', { log, clock }) };
}

it('lines are kept with the name of the upstream, without empty ones, and the last without an end', () => {
  const { log, stderr } = setUp();
  stderr.push(Buffer.from('one\n\n  \ntw'));
  stderr.push(Buffer.from('o\nthree'));
  stderr.end();
  expect(log.entries.map(({ fields }) => fields)).toEqual(
    ['one', 'two', 'three'].map((line) => ({ upstream: 'files', line })),
  );
});

it('a long line is cut', () => {
  const { log, stderr } = setUp();
  stderr.push(Buffer.from(`${'x'.repeat(1_000_000)}\nnext\n`));
  const [first, second] = log.all('upstream stderr', 'line').map(String);
  expect([first?.length, second]).toEqual([259, 'next']);
});

it('what comes too fast is counted, and there is room again later', async () => {
  const { log, clock, stderr } = setUp();
  for (let line = 0; line < 500; line++) stderr.push(Buffer.from(`line ${line}\n`));
  expect(log.entries).toHaveLength(200);
  await clock.advance(10_000);
  stderr.push(Buffer.from('later\n'));
  expect(log.entries.slice(200).map(({ fields }) => fields)).toEqual([
    { upstream: 'files', linesLeftOut: 300 },
    { upstream: 'files', line: 'later' },
  ]);
});
