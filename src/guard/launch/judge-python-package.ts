import { checkServerArgs } from './check-args.ts';
import { readPypiPackage } from './package-name.ts';
import { namesRunner } from './program-names.ts';
import { type OptionTable, readOptions, switches } from './read-options.ts';
import type { Finding, LaunchRuleId } from './rules.ts';

/** A version of CPython that uv knows; a path or the name of an implementation would be another interpreter. */
const PYTHON_VERSION = /^3\.\d{1,2}(?:\.\d{1,2})?$/;
const COMMON = switches(
  ...['-q', '--quiet', '--isolated', '--offline', '--refresh', '--no-cache', '--no-progress'],
);
const BIN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const judgePython = (value: string): LaunchRuleId | undefined =>
  PYTHON_VERSION.test(value) ? undefined : 'launcher.option';
const judgeUnknown = (): LaunchRuleId => 'launcher.option';

/**
 * `uvx NAME==1.2.3 ARGS` and `uvx --from NAME==1.2.3 PROGRAM ARGS`, also as `uv tool run` and, with `--spec`, as
 * `pipx run`. `source` is the option that names the package apart from the program.
 */
export function judgePypiRun(args: readonly string[], from: number, source: '--from' | '--spec'): Finding[] {
  let wanted: string | undefined;
  const remember = (value: string): undefined => {
    wanted = wanted === undefined ? value : '';
  };
  const python = { '--python': judgePython, '-p': judgePython };
  const table: OptionTable = { known: { ...COMMON, ...python, [source]: remember }, judgeUnknown };
  const { next, findings } = readOptions(args, from, table);
  if (findings.length > 0) return [...findings];
  const word = args[next];
  if (word === undefined) return [{ rule: 'package.missing' }];
  const at = `args[${next}]`;
  const fits =
    wanted === undefined
      ? [{ rule: readPypiPackage(word).rule, at }]
      : judgeBin(word, { wanted, at, source });
  return [...fits, ...checkServerArgs(args, next + 1)];
}

interface Bin {
  /** The package, as the option names it. */
  readonly wanted: string;
  /** Where the program is named. */
  readonly at: string;
  readonly source: '--from' | '--spec';
}

/** A program that the package lacks is looked for on the PATH, so it has to be called as the package is. */
function judgeBin(word: string, { wanted, at, source }: Bin): Finding[] {
  const { bin, rule } = readPypiPackage(wanted);
  // On Windows the program of a package has this ending, and uv takes its name with it too.
  const spellings = source === '--from' ? [word, word.replace(/\.exe$/i, '')] : [word];
  const fits = spellings.some((name) => isCalledAs(name, bin));
  return [
    { rule, at },
    ...(fits ? [] : [{ rule: 'package.bin', at } as const]),
    ...(namesRunner(word) ? [{ rule: 'package.program', at } as const] : []),
  ];
}

function isCalledAs(word: string, bin: string): boolean {
  return BIN.test(word) && normalize(word) === normalize(bin) && !/\.py[cwz]?$/.test(word);
}

/** Names that PyPI holds for the same (PEP 503). */
function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** `uv tool run ...`: uv's other commands work on the folder that they stand in. */
export function judgeUv(args: readonly string[]): Finding[] {
  if (args[0] === 'tool' && args[1] === 'run') return judgePypiRun(args, 2, '--from');
  return [{ rule: 'launcher.subcommand', at: 'args[0]' }];
}

/** `pipx run NAME==1.2.3`: nothing but the exact version passes. */
export function judgePipx(args: readonly string[]): Finding[] {
  if (args[0] !== 'run') return [{ rule: 'launcher.subcommand', at: 'args[0]' }];
  return judgePypiRun(args, 1, '--spec').map((finding) =>
    finding.rule === 'pypi.version' ? { ...finding, rule: 'package.unpinned' } : finding,
  );
}
