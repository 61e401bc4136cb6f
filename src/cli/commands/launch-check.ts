import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { faultOfRead } from '../../config/substitute.ts';
import { GatewardError } from '../../errors.ts';
import { judgeLaunch, type LaunchJudgement } from '../../guard/launch/judge-launch.ts';
import type { LaunchPolicy } from '../../guard/launch/launch.ts';
import { VERDICTS } from '../../guard/launch/rules.ts';
import { showLaunch } from '../../guard/launch/show-launch.ts';
import { JsonRefused } from '../../lib/json-scan.ts';
import { JsonText } from '../../lib/json-text.ts';
import { EXIT } from '../exit-codes.ts';
import { nameInput } from '../name-input.ts';
import type { Terminal } from '../terminal.ts';

const WANTED =
  'Give a JSON array of { command, args, env, cwd }. The commands of a configuration are judged by gateward doctor.';

/** What `gateward launch check` is given. */
export interface CheckOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly policy: LaunchPolicy;
}

/** `gateward launch check`: the verdict on each launch. Ends in 0 only if all are accepted. */
export async function checkLaunches({ file, policy }: CheckOptions, terminal: Terminal): Promise<number> {
  const launches = await readLaunches(file);
  const judged = launches.map((launch) => judgeLaunch(launch, policy));
  terminal.emit(judged.map(({ verdict, rule, reason }, index) => ({ index, verdict, rule, reason })));
  if (!terminal.isJson) sayAll(launches, judged, terminal);
  return judged.every(({ verdict }) => verdict === 'accept') ? EXIT.ok : EXIT.failed;
}

function sayAll(launches: readonly unknown[], judged: readonly LaunchJudgement[], terminal: Terminal): void {
  for (const [index, { verdict, rule, reason, isDangerous }] of judged.entries()) {
    const mark = isDangerous && verdict !== 'refuse' ? '  DANGEROUS' : '';
    terminal.say(`${index}  ${verdict}  ${rule}${mark}`);
    for (const line of showLaunch(launches[index])) terminal.say(`     ${line}`);
    terminal.say(`   ${reason}\n`);
  }
  const counts = VERDICTS.map((kind) => `${judged.filter(({ verdict }) => verdict === kind).length} ${kind}`);
  terminal.say(counts.join(', '));
}

async function readLaunches(file: string): Promise<readonly unknown[]> {
  const value = parseJson(await readContent(file));
  if (Array.isArray(value)) return value;
  throw unusable(WANTED);
}

async function readContent(file: string): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(process.stdin) : await readFile(file);
  } catch (cause) {
    throw unusable(`${nameInput(file)} ${faultOfRead(cause)}.`, cause);
  }
}

/** Duplicate keys are refused: another reader of the same file may take the other one. */
function parseJson(content: Buffer): unknown {
  try {
    return JsonText.parse(content).value();
  } catch (cause) {
    if (cause instanceof JsonRefused) throw unusable(`${cause.message} ${WANTED}`, cause);
    throw cause;
  }
}

function unusable(detail: string, cause?: unknown): GatewardError {
  return new GatewardError('INPUT_UNREADABLE', { detail, cause });
}
