import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { raceAbort } from '../../lib/race-abort.ts';
import { type Message, readMessage } from '../../wire/message.ts';
import { MODERN_VERSIONS } from '../../wire/versions.ts';
import { judgeProbe, PROBE_ID, type ProbeAnswer, type ProbeVerdict, writeProbe } from '../probe-era.ts';
import { type ChannelOptions, StdioChannel } from './stdio-channel.ts';

/** What a probe of a program works with. */
export interface StdioProbe extends ChannelOptions {
  /** Name and version that the gateway gives itself. */
  readonly clientInfo: { readonly name: string; readonly version: string };
  /** Milliseconds to wait for an answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a program speaks. */
export type StdioEra = { readonly era: 'modern'; readonly version: string } | { readonly era: 'legacy' };

/**
 * Finds out what a program speaks, in a process that serves for nothing else: some servers end at an unknown first
 * message (stdio 2026-07-28 §Backward Compatibility). Throws what `authorize` throws, LAUNCH_FAILED, or
 * UPSTREAM_INVALID for a server that speaks only revisions that nobody here knows.
 */
export async function probeStdio(probe: StdioProbe): Promise<StdioEra> {
  const [preferred = ''] = MODERN_VERSIONS;
  let asked = preferred;
  for (let attempt = 0; ; attempt++) {
    const answer = await askOnce(probe, asked);
    const verdict: ProbeVerdict = judgeProbe(answer, asked);
    if (verdict.kind === 'modern') return { era: 'modern', version: verdict.version };
    if (verdict.kind === 'legacy') return { era: 'legacy' };
    if (verdict.kind !== 'retry') throw verdict.error;
    if (attempt > 0) throw new GatewardError('UPSTREAM_INVALID');
    asked = verdict.version;
  }
}

async function askOnce(probe: StdioProbe, version: string): Promise<ProbeAnswer> {
  const answered = Promise.withResolvers<ProbeAnswer>();
  const silent = (error: GatewardError) => answered.resolve({ kind: 'silent', channel: 'stdio', error });
  const channel = await StdioChannel.open(probe, {
    onMessage: (json) => {
      const answer = answerOf(readMessage(json));
      if (answer !== undefined) answered.resolve(answer);
      return undefined;
    },
    onOversized: () => undefined,
    onClosed: silent,
  });
  const stopTimer = probe.clock.after(probe.timeoutMs, () => silent(new GatewardError('UPSTREAM_TIMEOUT')));
  try {
    await channel.send(writeProbe(version, JsonText.of(probe.clientInfo))).catch(silent);
    return await raceAbort(answered.promise, probe.signal);
  } finally {
    stopTimer();
    await channel.stop();
  }
}

/** A message that can be the answer to the probe. Older servers send errors without an id, or with null. */
function answerOf(message: Message): ProbeAnswer | undefined {
  if (message.kind === 'error' && (message.id === undefined || message.id === PROBE_ID))
    return { kind: 'error', error: message.error, status: undefined };
  if (message.kind === 'result' && message.id === PROBE_ID) return { kind: 'result', result: message.result };
  return undefined;
}
