import type { Environment, LoadedConfig, StdioUpstreamConfig } from '../../config/types.ts';
import { openSandboxes } from '../../gateway/sandboxes.ts';
import type { SandboxState } from '../../guard/launch/sandbox/trial.ts';
import { createProcessGroups } from '../../upstream/stdio/stdio-process.ts';
import { SILENT_LOG } from '../silent-log.ts';
import type { Finding } from './finding.ts';

/**
 * Tells whether sandboxes can run here, by running one, and tries the sandbox of each upstream that has one. Where no
 * upstream has one, it is no problem that none can run.
 */
export async function checkSandboxes(
  { config, files }: LoadedConfig,
  environment: Environment,
): Promise<Finding[]> {
  const groups = createProcessGroups();
  const parts = { config: () => config, files: () => files, environment, groups, log: SILENT_LOG };
  const sandbox = openSandboxes(parts);
  try {
    const state = await sandbox.probe();
    const boxed = config.upstreams.filter((one) => one.kind === 'stdio').filter((one) => one.sandbox);
    if (!state.can) return [judgeMissing(state, boxed)];
    const findings: Finding[] = [{ level: 'ok', subject: 'sandbox', message: 'can run here' }];
    for (const { name, sandbox: profile } of boxed) {
      if (profile === undefined) continue;
      findings.push(judgeProfile(name, await sandbox.probeProfile(name, profile)));
    }
    return findings;
  } finally {
    groups.killAll();
    await sandbox.close();
  }
}

function judgeMissing(state: SandboxState & { can: false }, boxed: readonly StdioUpstreamConfig[]): Finding {
  const { reason, cure } = state;
  const subject = 'sandbox';
  if (boxed.length === 0)
    return { level: 'ok', subject, message: `none could run here, and none is asked for: ${reason}` };
  const names = boxed.map(({ name }) => name).join(', ');
  const isRefused = boxed.some((one) => one.sandbox?.ifMissing === 'refuse');
  const message = `none can run here, and these upstreams ask for one: ${names}\n${reason}`;
  return isRefused
    ? { level: 'problem', subject, message, cure, code: 'SANDBOX_UNAVAILABLE' }
    : { level: 'warning', subject, message, cure };
}

function judgeProfile(name: string, state: SandboxState): Finding {
  const subject = `sandbox of ${name}`;
  if (state.can) return { level: 'ok', subject, message: 'works here' };
  const { reason, cure } = state;
  return { level: 'problem', subject, message: reason, cure, code: 'SANDBOX_UNAVAILABLE' };
}
