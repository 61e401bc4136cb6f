import { showHidden } from '../../lib/hidden-text.ts';
import { parseLaunch } from './parse-launch.ts';

/**
 * A launch as people must see it before they agree (SEP-1024): the command, then each argument, each variable and the
 * folder on a line of its own, quoted, hidden characters as `<U+202E>`, nothing cut. What is no launch is shown whole.
 */
export function showLaunch(value: unknown): string[] {
  const parsed = parseLaunch(value);
  if (!('launch' in parsed)) return [showHidden(JSON.stringify(value) ?? String(value))];
  const { command, args, env, cwd } = parsed.launch;
  return [
    showHidden(command),
    ...args.map((arg) => `  ${showHidden(arg)}`),
    ...env.map((entry) => `  env ${showHidden(entry.name)} = ${showHidden(entry.value)}`),
    ...(cwd === undefined ? [] : [`  in ${showHidden(cwd)}`]),
  ];
}
