import { toGatewardError } from '../../errors.ts';
import { readSealText } from '../../guard/seal/seal-file.ts';
import { ClientWatch } from '../../guard/seal/watch/client-watch.ts';
import { type Clock, systemClock, timeOf } from '../../lib/clock.ts';
import { wait } from '../../lib/wait.ts';
import { countThings } from '../count-things.ts';
import { EXIT } from '../exit-codes.ts';
import { describeEvent, eventToJson, isLoud } from '../seal-events.ts';
import { findSealPlace, type OpenedSeal, readSeal, type SealFlags, type SealPlace } from '../seal-place.ts';
import { LIMIT } from '../seal-report.ts';
import { watchStopSignals } from '../stop-signals.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward watch` is given. */
export interface WatchFlags extends SealFlags {
  readonly restore?: boolean;
}

const SEAL_POLL_MS = 1000;
const AWAKE_MS = 3_600_000;

interface Guarding {
  readonly found: SealPlace;
  readonly restores: boolean;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
}

/**
 * `gateward watch`: guards the sealed files until it is stopped. A new seal takes effect at once; a seal that is gone or
 * broken is an alarm, and the old one stays in force.
 *
 * @throws GatewardError SEAL_MISSING, SEAL_INVALID
 */
export async function watchClients(flags: WatchFlags, terminal: Terminal): Promise<number> {
  const found = await findSealPlace(flags);
  let opened = await readSeal(found);
  const stop = watchStopSignals(process);
  // The timers of the watch hold no process.
  const awake = setInterval(() => undefined, AWAKE_MS);
  try {
    const restores = flags.restore === true;
    const guarding: Guarding = { found, restores, terminal, clock: systemClock, stopped: stop.signal };
    while (!stop.signal.aborted) opened = await guard(guarding, opened);
  } finally {
    clearInterval(awake);
    stop.close();
  }
  return EXIT.ok;
}

/** Guards under one seal until there is another, or until the end. Resolves with the seal to go on with. */
async function guard(guarding: Guarding, opened: OpenedSeal): Promise<OpenedSeal> {
  const { terminal, clock, restores } = guarding;
  const { baseline } = opened;
  const { files, sealedAt } = baseline;
  report(
    guarding,
    { event: 'watching', files: files.length, sealedAt, restores, note: LIMIT },
    `Watching ${countThings(files.length, 'file')}, sealed at ${sealedAt}. ${restores ? 'Alarms are restored.' : 'Nothing is changed; --restore would.'}\n${LIMIT}`,
  );
  const watch = new ClientWatch({
    baseline,
    restores,
    clock,
    tell: (told) => {
      report(guarding, eventToJson(told), describeEvent(told));
      if (isLoud(told)) ring(terminal);
    },
  });
  const ended = new AbortController();
  const [, next] = await Promise.all([
    watch.run(ended.signal),
    nextSeal(guarding, opened).finally(() => ended.abort()),
  ]);
  return next;
}

/** Says one thing with its time: to programs, and to people. */
function report({ terminal, clock }: Guarding, json: Readonly<Record<string, unknown>>, text: string): void {
  const time = timeOf(clock);
  terminal.emit({ time, ...json });
  terminal.say(`${time}  ${text}`);
}

/** The bell of a terminal. The text itself never holds a control character. */
function ring({ isJson }: Terminal): void {
  if (!isJson && process.stderr.isTTY) process.stderr.write('\u0007');
}

/** Waits for another seal that is valid, or for the end. */
async function nextSeal(guarding: Guarding, opened: OpenedSeal): Promise<OpenedSeal> {
  const { found, clock, stopped } = guarding;
  let seen: string | undefined = opened.text;
  while (!stopped.aborted) {
    await wait(clock, SEAL_POLL_MS, stopped);
    const text = await readSealText(found.folder).catch(() => undefined);
    if (text === seen) continue;
    seen = text;
    const next = await tryOpen(guarding);
    if (next !== undefined && next.text !== opened.text) return next;
  }
  return opened;
}

async function tryOpen(guarding: Guarding): Promise<OpenedSeal | undefined> {
  try {
    return await readSeal(guarding.found);
  } catch (thrown) {
    const error = toGatewardError(thrown);
    const message = `The seal was taken away or changed; this watch goes on with the one that it knows. ${error.message}`;
    const told = { event: 'seal-lost', level: 'alarm', code: error.code, reason: message };
    report(guarding, told, `ALARM  ${message}`);
    ring(guarding.terminal);
    return undefined;
  }
}
