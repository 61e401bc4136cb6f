/** What operators do with what waits, by the command line. */
import type { Json } from '../../support/front-door.ts';
import { runGateward } from '../../support/keys.ts';

/** What waits, or is in another state, as `gateward server diff --json` prints it. */
export async function listApprovals(configFile: string, ...more: string[]): Promise<Json[]> {
  const { code, stdout, stderr } = await runGateward([
    'server',
    'diff',
    '--config',
    configFile,
    '--json',
    ...more,
  ]);
  if (code !== 0) throw new TypeError(`no list: ${stdout}${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => (JSON.parse(line) as { approvals: Json[] }).approvals);
}

/** Approves or rejects by the command line. */
export async function decide(
  decision: 'approve' | 'reject',
  configFile: string,
  ...more: string[]
): Promise<void> {
  const agreed = decision === 'approve' ? ['--yes'] : [];
  const args = ['server', decision, '--config', configFile, '--json', ...agreed, ...more];
  const { code, stdout, stderr } = await runGateward(args);
  if (code !== 0) throw new TypeError(`not decided: ${stdout}${stderr}`);
}
