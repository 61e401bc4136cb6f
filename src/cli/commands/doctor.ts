import { readEnvironment } from '../../config/env.ts';
import { loadConfig } from '../../config/load.ts';
import type { LoadedConfig } from '../../config/types.ts';
import { toGatewardError } from '../../errors.ts';
import { chooseConfig } from '../choose-config.ts';
import { countThings } from '../count-things.ts';
import { checkDataFolder } from '../doctor/check-data-folder.ts';
import { checkListener } from '../doctor/check-listener.ts';
import { checkSandboxes } from '../doctor/check-sandboxes.ts';
import { checkStore } from '../doctor/check-store.ts';
import { checkUpstreams } from '../doctor/check-upstreams.ts';
import type { Finding } from '../doctor/finding.ts';
import { EXIT } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward doctor` is given. */
export interface DoctorOptions {
  readonly config: string | undefined;
  readonly version: string;
}

const WORDS: Readonly<Record<Finding['level'], string>> = {
  ok: 'ok',
  warning: 'warning',
  problem: 'PROBLEM',
};

/**
 * `gateward doctor`: checks the file, the data folder, the store, the listener, the sandbox and every upstream, without a running gateway, and
 * says what is wrong and how to mend it. Gives 1 if something is wrong; warnings alone are not.
 */
export async function doctor({ config, version }: DoctorOptions, terminal: Terminal): Promise<number> {
  const findings: Finding[] = [];
  const tell = (finding: Finding): void => {
    findings.push(finding);
    const { level, subject, message, cure } = finding;
    const more = cure === undefined ? '' : `\n           ${cure.replaceAll('\n', '\n           ')}`;
    terminal.say(`${WORDS[level].padEnd(8)} ${subject}: ${message.replaceAll('\n', '\n         ')}${more}`);
  };
  const environment = readEnvironment();
  const loaded = await checkFile(config, tell);
  if (loaded !== undefined) {
    for (const finding of await checkDataFolder(loaded.config, environment)) tell(finding);
    for (const finding of await checkStore(loaded.config)) tell(finding);
    for (const finding of await checkListener(loaded.config)) tell(finding);
    for (const finding of await checkSandboxes(loaded, environment)) tell(finding);
    for (const finding of await checkUpstreams({ loaded, environment, version })) tell(finding);
  }
  const count = (level: Finding['level']): number => findings.filter((one) => one.level === level).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  terminal.say(`\n${countThings(problems, 'problem')}, ${countThings(warnings, 'warning')}`);
  terminal.emit({ ok: problems === 0, findings });
  return problems === 0 ? EXIT.ok : EXIT.failed;
}

async function checkFile(
  config: string | undefined,
  tell: (finding: Finding) => void,
): Promise<LoadedConfig | undefined> {
  const environment = readEnvironment();
  try {
    const file = chooseConfig(config, environment);
    const loaded = await loadConfig({ file, env: environment });
    const { upstreams, servers } = loaded.config;
    const message = `valid: ${countThings(upstreams.length, 'upstream')}, ${countThings(servers.length, 'server')}`;
    tell({ level: 'ok', subject: file, message });
    for (const warning of loaded.warnings) tell({ level: 'warning', subject: file, message: warning });
    return loaded;
  } catch (thrown) {
    const { code, message, data } = toGatewardError(thrown);
    tell({ level: 'problem', subject: 'configuration', message, code, data });
    return undefined;
  }
}
