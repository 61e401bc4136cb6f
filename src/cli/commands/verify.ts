import { checkBaseline } from '../../guard/seal/check-baseline.ts';
import type { Change } from '../../guard/seal/compare-file.ts';
import { sayOfThings } from '../count-things.ts';
import { EXIT } from '../exit-codes.ts';
import { findSealPlace, readSeal, type SealFlags } from '../seal-place.ts';
import { bypassToJson, changeToJson, describeBypass, describeChange, LIMIT, MOVES } from '../seal-report.ts';
import type { Terminal } from '../terminal.ts';

const RESTORE = 'gateward watch --restore puts alarms back. ';
const NEXT = 'What you did yourself: gateward seal, or gateward seal --accept where it raises an alarm.';

/**
 * `gateward verify`: what differs from the seal, part by part. Ends with 0 if nothing does, with 1 if something does.
 *
 * @throws GatewardError SEAL_MISSING, SEAL_INVALID
 */
export async function verifyClients(flags: SealFlags, terminal: Terminal): Promise<number> {
  const { baseline } = await readSeal(await findSealPlace(flags));
  const { changes, bypasses } = await checkBaseline(baseline);
  const { sealedAt, files } = baseline;
  terminal.emit({
    unchanged: changes.length === 0,
    sealedAt,
    files: files.length,
    changes: changes.map(changeToJson),
    warnings: bypasses.map(bypassToJson),
    note: LIMIT,
  });
  if (!terminal.isJson) {
    for (const level of ['alarm', 'question'] as const) {
      for (const change of changes.filter((one) => one.level === level))
        terminal.say(`${level === 'alarm' ? 'ALARM' : 'QUESTION'}  ${describeChange(change)}`);
    }
    for (const bypass of bypasses) terminal.say(`WARNING  ${describeBypass(bypass)}`);
    if (bypasses.length > 0) terminal.say(MOVES);
    const count =
      changes.length === 0
        ? 'Nothing has changed'
        : sayOfThings(changes.length, 'part', ['differs', 'differ']);
    if (changes.length > 0) terminal.say(`${changes.some(isRestored) ? RESTORE : ''}${NEXT}`);
    terminal.say(`${count} since ${sealedAt}. ${LIMIT}`);
  }
  return changes.length === 0 ? EXIT.ok : EXIT.failed;
}

/** What concerns a whole file, such as that it cannot be read, is never put back. */
function isRestored({ level, kind }: Change): boolean {
  return level === 'alarm' && kind !== 'file';
}
