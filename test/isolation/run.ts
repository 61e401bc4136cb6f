// Two principals in parallel, with equal JSON-RPC ids, progress tokens, subscription ids and arguments, over both eras
// and HTTP+SSE, against upstreams of both eras and a stateful process. Every byte that one receives is searched for what
// is the other's. `--calls N` for more or fewer than 10,000 calls. Ends with the line `N passed, N failed`.
import { parseArgs } from 'node:util';
import { countChecks } from '../support/count-checks.ts';
import type { Caller } from './caller.ts';
import { LEGACY_ACTS, listenLegacy, openTalk, SseTalk, TALKS, TRESPASS } from './legacy-calls.ts';
import { type Act, listenModern, MODERN_ACTS, PAGE } from './modern-calls.ts';
import { openScene } from './scene.ts';

/** Calls of one caller that are under way at a time. */
const WORKERS = 8;
/** Every how many acts one of the costly ones comes. */
const COSTLY_EVERY = 40;
const MAX_SHOWN = 10;

const { values: options } = parseArgs({ options: { calls: { type: 'string', default: '10000' } } });
const wanted = Number(options.calls);

const { check, conclude } = countChecks();
function checkNone(name: string, problems: readonly string[]): void {
  const shown = problems.slice(0, MAX_SHOWN).map((problem) => `\n          ${problem}`);
  check(name, problems.length > 0 ? `${problems.length}${shown.join('')}` : undefined);
}

/** The acts in one order for both callers, so that whatever is counted is equal. */
function planOf(sse: SseTalk): (index: number) => Act {
  const echo: Act = (_, index) => sse.echo(index);
  const acts = [...MODERN_ACTS, ...LEGACY_ACTS, echo];
  return (index) => {
    if (index % COSTLY_EVERY === 0) return PAGE;
    if (index % COSTLY_EVERY === COSTLY_EVERY / 2) return TRESPASS;
    return acts[index % acts.length] ?? echo;
  };
}

async function runCaller(caller: Caller, other: Caller, sse: SseTalk): Promise<void> {
  const plan = planOf(sse);
  let next = 1;
  const work = async (): Promise<void> => {
    while (caller.calls < wanted / 2) {
      const index = next++;
      try {
        await plan(index)(caller, index, other);
      } catch (thrown) {
        caller.failures.push(`${caller.name}, act ${index}: ${String(thrown)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
}

const scene = await openScene();
const startedAt = performance.now();
try {
  const { callers } = scene;
  const [ann, bob] = callers;
  const opened = await Promise.all(
    callers.map(async (caller) => {
      for (const server of TALKS) await openTalk(caller, server);
      const streams = [await listenModern(caller), await listenLegacy(caller)];
      return { caller, streams, sse: await SseTalk.open(caller) };
    }),
  );
  const [first, second] = opened;
  if (first === undefined || second === undefined) throw new TypeError('there are two callers');
  await Promise.all([runCaller(ann, bob, first.sse), runCaller(bob, ann, second.sse)]);
  const deaf: string[] = [];
  for (const { caller, streams, sse } of opened) {
    for (const [index, stream] of streams.entries()) {
      const heard = stream.of('notifications/resources/updated').length;
      if (heard === 0) deaf.push(`${caller.name} heard nothing on stream ${index}`);
      await stream.close();
    }
    await sse.close();
  }
  const calls = ann.calls + bob.calls;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${calls} calls, ${ann.bytes + bob.bytes} bytes received, ${seconds} s`);
  checkNone('nobody received a byte of what is the other’s', [...ann.leaks, ...bob.leaks]);
  checkNone('every call had its own right answer', [...ann.failures, ...bob.failures]);
  checkNone('every listener heard of its own changes', deaf);
  check(`at least ${wanted} calls were made`, calls >= wanted ? undefined : `${calls}`);
} finally {
  await scene.close();
}
process.exitCode = conclude();
