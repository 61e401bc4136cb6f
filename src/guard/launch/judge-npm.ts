import { checkServerArgs } from './check-args.ts';
import { readNpmPackage } from './package-name.ts';
import { namesRunner } from './program-names.ts';
import { type OptionTable, readOptions, switches } from './read-options.ts';
import type { Finding, LaunchRuleId } from './rules.ts';

/** Switches that neither take a value nor change what is fetched: nothing else may stand before the package. */
const COMMON = switches(
  ...['-y', '--yes', '-q', '--quiet', '-s', '--silent', '--prefer-online', '--prefer-offline'],
);
/** npm takes clustered short options: `-yc` is `-y -c`. */
const COMMAND_STRING = /^(?:-[a-z]*c[a-z]*|--call|--shell-mode|--script-shell)$/;

const judgeUnknown = (option: string): LaunchRuleId =>
  COMMAND_STRING.test(option) ? 'launcher.command-string' : 'launcher.option';

/**
 * `npx [-y] [--] NAME@1.2.3 ARGS`, or with `--package=NAME@1.2.3 NAME`. What follows the name is the server's own: npx
 * ends its options there (npm-exec §npx vs npm exec).
 */
export function judgeNpx(args: readonly string[], from: number): Finding[] {
  let wanted: string | undefined;
  const remember = (value: string): undefined => {
    wanted = wanted === undefined ? value : '';
  };
  const table: OptionTable = { known: { ...COMMON, '-p': remember, '--package': remember }, judgeUnknown };
  const { next, findings } = readOptions(args, from, table);
  if (findings.length > 0) return [...findings];
  const word = args[next];
  if (word === undefined) return [{ rule: 'package.missing' }];
  const at = `args[${next}]`;
  if (wanted === undefined)
    return [{ rule: readNpmPackage(word).rule, at }, ...checkServerArgs(args, next + 1)];
  const { bin, rule } = readNpmPackage(wanted);
  const fits: LaunchRuleId = word !== bin || namesRunner(word) ? 'package.bin' : rule;
  return [{ rule: fits, at }, { rule, at: `args[${next - 1}]` }, ...checkServerArgs(args, next + 1)];
}

/**
 * `npm exec [-y] [--] NAME@1.2.3 [-- ARGS]`. Without `--` npm takes options behind the name as its own, so an option
 * there is not accepted.
 */
export function judgeNpmExec(args: readonly string[]): Finding[] {
  if (args[0] !== 'exec' && args[0] !== 'x') return [{ rule: 'launcher.subcommand', at: 'args[0]' }];
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  const word = own.findIndex((arg, index) => index > 0 && !arg.startsWith('-'));
  const late = word === -1 ? -1 : own.findIndex((arg, index) => index > word && arg.startsWith('-'));
  if (late !== -1) return [{ rule: judgeUnknown(own[late] ?? ''), at: `args[${late}]` }];
  const findings = judgeNpx(args, 1);
  return own.some((arg) => /^(?:-p|--package)/.test(arg))
    ? [...findings, { rule: 'launcher.option' }]
    : findings;
}

/** Options that these launchers may take for their own behind the name. */
const LATE = /^(?:-p|-c|--package|--call|--shell-mode|--bun|--registry|--config)/;

/** `pnpm dlx NAME@1.2.3`, `yarn dlx NAME@1.2.3`, `bunx NAME@1.2.3`: nothing but the exact version passes. */
export function judgeDlx(args: readonly string[], from: number): Finding[] {
  const { next, findings } = readOptions(args, from, { known: COMMON, judgeUnknown });
  if (findings.length > 0) return [...findings];
  const word = args[next];
  if (word === undefined) return [{ rule: 'package.missing' }];
  const { rule } = readNpmPackage(word);
  const late = args.findIndex((arg, index) => index > next && LATE.test(arg));
  return [
    { rule: rule === 'npm.version' ? 'package.unpinned' : rule, at: `args[${next}]` },
    ...(late === -1 ? [] : [{ rule: 'launcher.option', at: `args[${late}]` } as const]),
    ...checkServerArgs(args, next + 1),
  ];
}
