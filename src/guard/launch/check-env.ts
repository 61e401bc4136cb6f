import { hasHidden } from '../../lib/hidden-text.ts';
import { namesMetadata } from './check-args.ts';
import { judgeEnvName } from './env-names.ts';
import type { EnvEntry } from './launch.ts';
import { namesShell } from './program-names.ts';
import type { Finding, LaunchRuleId } from './rules.ts';

/** What can be a folder or a file of data, where the name says so. */
const PLACE =
  /(?:^|_)(?:PATHS?|FILES?|DIRS?|FOLDERS?|ROOTS?|DIRECTORY|DIRECTORIES|CREDENTIALS|WORKSPACE|VAULT|PROJECT|DATABASE|DB|STORAGE)(?:_|$)/;
const ABSOLUTE = /^(?:[\\/~]|[A-Za-z]:[\\/]|file:)/;
const CODE_FILE =
  /\.(?:so(?:\.\d+)*|dylib|dll|jar|[cm]?[jt]sx?|py[cw]?|pyz|sh|bash|zsh|rb|pl|ps1|bat|cmd|exe|cnf|rc|npmrc)$/i;
/** Functions of a shell, substitutions, options, addresses of code. */
const CODE_VALUE = /^\(\)\s*\{|\$\(|`|^--?[A-Za-z](?!-*BEGIN)|^(?:data|javascript|vbscript|ext):|^\\\\/;

/** What is wrong with the variables of a launch, each by its name first and by its value then. */
export function checkEnv(env: readonly EnvEntry[]): Finding[] {
  return env.flatMap(({ name, value }) => {
    const rule = judgeVariable(name, value);
    return rule === undefined ? [] : [{ rule, at: `env.${name}` }];
  });
}

/** The rule that one variable falls under, if any. */
export function judgeVariable(name: string, value: string): LaunchRuleId | undefined {
  if (hasHidden(name)) return 'text.hidden';
  return judgeEnvName(name) ?? (looksLikeCode(name, value.trim()) ? 'env.value' : undefined);
}

function looksLikeCode(name: string, value: string): boolean {
  if (CODE_VALUE.test(value) || namesMetadata(value) || namesShell(value.split(/\s/)[0] ?? '')) return true;
  return ABSOLUTE.test(value) && (!PLACE.test(name) || CODE_FILE.test(value));
}
