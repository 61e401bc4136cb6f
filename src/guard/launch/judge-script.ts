import { checkServerArgs } from './check-args.ts';
import type { LaunchPolicy } from './launch.ts';
import { type OptionRule, readOptions, switches } from './read-options.ts';
import type { Finding, LaunchRuleId } from './rules.ts';
import { isBelow } from './system-folders.ts';

/** How one interpreter is told to run a script. */
interface Interpreter {
  readonly known: Readonly<Record<string, OptionRule>>;
  readonly files: RegExp;
  /** Words before the script, such as `run`. `required` where a script alone would mean something else. */
  readonly subcommand?: { readonly name: string; readonly required: boolean };
}

const INTERPRETERS: Readonly<Record<'node' | 'python' | 'deno' | 'bun', Interpreter>> = {
  node: { known: {}, files: /\.(?:[cm]?js|[cm]?ts)$/ },
  python: { known: { '-u': 'flag' }, files: /\.py$/ },
  deno: {
    known: {
      ...{ '--allow-net': 'flag-or-value', '--allow-env': 'flag-or-value', '--allow-read': 'flag-or-value' },
      ...switches('--no-prompt', '--no-remote', '--no-npm', '--cached-only'),
    },
    files: /\.[cm]?[jt]sx?$/,
    subcommand: { name: 'run', required: true },
  },
  bun: { known: {}, files: /\.[cm]?[jt]sx?$/, subcommand: { name: 'run', required: false } },
};

/** The name of an interpreter whose scripts the grammar knows. */
export type InterpreterName = keyof typeof INTERPRETERS;

/** Options that hand over code: on the command line, on standard input, as a module or a task. */
const CODE =
  /^(?:-|-[a-zA-Z]*[cempir].*|--(?:eval|print|command|run|interactive|test|import|require|loader|preload).*)$/;

/** A plain path below the working directory: no scheme that an interpreter would fetch, no drive, no `.` or `..`. */
const RELATIVE = /^[\w@][\w@.-]*(?:\/[\w@][\w@.-]*)*$/;

const judgeUnknown = (option: string): LaunchRuleId => (CODE.test(option) ? 'script.code' : 'script.option');

/** What tells where a script lies. */
export interface ScriptPlace extends Pick<LaunchPolicy, 'folders'> {
  /** The working directory, from which a relative path starts. */
  readonly cwd: string | undefined;
}

/** `node /folder/script.js ARGS` and its likes: one script by its path, in a folder that is vouched for. */
export function judgeScript(name: InterpreterName, args: readonly string[], place: ScriptPlace): Finding[] {
  const { known, files, subcommand } = INTERPRETERS[name];
  const hasSubcommand = subcommand !== undefined && args[0] === subcommand.name;
  if (subcommand?.required === true && !hasSubcommand) return [{ rule: 'script.code', at: 'args[0]' }];
  const { next, findings } = readOptions(args, hasSubcommand ? 1 : 0, { known, judgeUnknown });
  const script = args[next];
  if (script === undefined)
    return findings.length > 0 ? [...findings] : [{ rule: 'script.code', at: 'args' }];
  return [
    ...findings,
    { rule: judgeFile(script, files, place), at: `args[${next}]` },
    ...checkServerArgs(args, next + 1),
  ];
}

function judgeFile(script: string, files: RegExp, { folders, cwd }: ScriptPlace): LaunchRuleId {
  if (!files.test(script)) return 'script.kind';
  const path = RELATIVE.test(script) && cwd !== undefined ? `${cwd.replace(/\/*$/, '')}/${script}` : script;
  return isBelow(path, folders) ? 'script.vouched' : 'script.place';
}
