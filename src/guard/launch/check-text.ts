import { hasHidden } from '../../lib/hidden-text.ts';
import type { Launch } from './launch.ts';
import type { Finding } from './rules.ts';

/** More than people read before they agree. */
const MAX_ARG = 1024;
/** Certificates and keys are long, and honest. */
const MAX_VALUE = 8192;
const MAX_ALL_ARGS = 4096;
const MAX_ARGS = 256;
/** Line ends and tabs can be shown and stand in honest settings, such as keys in PEM. */
const LINES = /[\t\r\n]/;
const EACH_LINE = /[\t\r\n]/g;
const ASCII = /^[\x20-\x7e]*$/;

/** What is wrong with the texts of a launch themselves, whatever they mean: what nobody can see, or nobody reads. */
export function checkText({ command, args, env, cwd }: Launch): Finding[] {
  const findings: Finding[] = [];
  const texts = [
    ...args.map((text, index) => ({ text, at: `args[${index}]`, limit: MAX_ARG })),
    ...env.map(({ name, value }) => ({ text: value, at: `env.${name}`, limit: MAX_VALUE })),
  ];
  for (const { text, at } of [
    { text: command, at: 'command' },
    { text: cwd ?? '', at: 'cwd' },
  ]) {
    if (hasHidden(text)) findings.push({ rule: 'text.hidden', at });
  }
  for (const { text, at, limit } of texts) {
    if (hasHidden(text.replaceAll(EACH_LINE, ''))) findings.push({ rule: 'text.hidden', at });
    else if (LINES.test(text)) findings.push({ rule: 'args.lines', at });
    if (text.length > limit) findings.push({ rule: 'args.long', at });
  }
  if (!ASCII.test(command) && !hasHidden(command)) findings.push({ rule: 'text.lookalike', at: 'command' });
  const total = args.reduce((sum, arg) => sum + arg.length, command.length);
  if (total > MAX_ALL_ARGS || args.length > MAX_ARGS) findings.push({ rule: 'args.long', at: 'args' });
  return findings;
}
