import { checkServerArgs } from './check-args.ts';
import { judgeContainer } from './judge-container.ts';
import { judgeDlx, judgeNpmExec, judgeNpx } from './judge-npm.ts';
import { judgePipx, judgePypiRun, judgeUv } from './judge-python-package.ts';
import { judgeScript, type ScriptPlace } from './judge-script.ts';
import type { Launch, LaunchPolicy } from './launch.ts';
import { namesRunner, namesShell } from './program-names.ts';
import type { Finding, LaunchRuleId } from './rules.ts';
import { bareName, isPlainAbsolute } from './system-folders.ts';

type Judge = (args: readonly string[], place: ScriptPlace) => Finding[];

const notDlx: Judge = () => [{ rule: 'launcher.subcommand', at: 'args[0]' }];
const dlx: Judge = (args, place) => (args[0] === 'dlx' ? judgeDlx(args, 1) : notDlx(args, place));
const node: Judge = (args, place) => judgeScript('node', args, place);
const python: Judge = (args, place) => judgeScript('python', args, place);

/** The launchers whose grammar is known, by the exact name that they have on a PATH. */
const LAUNCHERS: Readonly<Record<string, Judge>> = {
  npx: (args) => judgeNpx(args, 0),
  npm: judgeNpmExec,
  pnpm: dlx,
  yarn: dlx,
  bunx: (args) => judgeDlx(args, 0),
  bun: (args, place) => (args[0] === 'x' ? judgeDlx(args, 1) : judgeScript('bun', args, place)),
  uvx: (args) => judgePypiRun(args, 0, '--from'),
  uv: judgeUv,
  pipx: judgePipx,
  docker: judgeContainer,
  podman: judgeContainer,
  node,
  nodejs: node,
  python,
  python3: python,
  deno: (args, place) => judgeScript('deno', args, place),
};
/** The launchers that are an `.exe` on Windows; those of npm are batch files there. */
const WINDOWS = /^(node|python3?|uvx?|bunx?|deno|docker|podman|pipx)\.exe$/;
const PYTHON = /^python3\.\d{1,2}$/;

/** Launchers that read settings, or find programs, in the folder that they start in; docker does not. */
const IGNORES_FOLDER: ReadonlySet<string> = new Set(['docker', 'podman']);

/** What the command and its arguments are told to run. */
export interface JudgedCommand {
  readonly findings: readonly Finding[];
  /** Whether the working directory can change what runs. */
  readonly readsFolder: boolean;
}

/** Judges the command by what it is, and its arguments by the grammar of the launcher. */
export function judgeCommand({ command, args, cwd }: Launch, policy: LaunchPolicy): JudgedCommand {
  const spelling = judgeSpelling(command);
  if (spelling !== undefined) return judgeOther(spelling, args);
  if (policy.programs.includes(command) && !namesRunner(command) && isNamed(command))
    return {
      findings: [{ rule: 'program.vouched', at: 'command' }, ...checkServerArgs(args, 0)],
      readsFolder: true,
    };
  const name = launcherName(command, policy)?.replace(WINDOWS, '$1');
  const judge = name === undefined ? undefined : launcherOf(name);
  if (name === undefined || judge === undefined) return judgeOther(judgeProgram(command), args, command);
  return { findings: judge(args, { ...policy, cwd }), readsFolder: !IGNORES_FOLDER.has(name) };
}

/** A launcher outside the folders of the system is one if the operator says so: then its own grammar holds for it. */
function launcherName(command: string, { programs }: LaunchPolicy): string | undefined {
  const isVouched = programs.includes(command) && isPlainAbsolute(command);
  return bareName(isVouched ? (command.split(/[\\/]/).at(-1) ?? '') : command);
}

function launcherOf(name: string): Judge | undefined {
  if (PYTHON.test(name)) return python;
  return Object.hasOwn(LAUNCHERS, name) ? LAUNCHERS[name] : undefined;
}

function isNamed(command: string): boolean {
  return !/[\\/]/.test(command) || isPlainAbsolute(command);
}

/** How PowerShell is told to take its command in base64; it knows each shortening of the option. */
const POWERSHELL = /^(?:.*[\\/])?(?:powershell|pwsh)(?:\.exe)?$/i;
const ENCODED = /^[-/]{1,2}(?:e|ec|en\w*)$/i;

function judgeOther(rule: LaunchRuleId, args: readonly string[], command = ''): JudgedCommand {
  const isEncoded = POWERSHELL.test(command) && args.some((arg) => ENCODED.test(arg));
  return { findings: [{ rule: isEncoded ? 'program.encoded' : rule, at: 'command' }], readsFolder: true };
}

/** A blank at an end, a sign of a shell, a share, a URL, an ending upon an ending: made to be misread. */
const UNREADABLE = /^\s|\s$|^$|[;|&`\r\n\0]|\$\(|^[a-z][a-z0-9+.-]+:\/\/|^(?:\\\\|\/\/)|\.exe\.\w+$/i;
const TO_FILL_IN = /[<>{}$%*?"']|^~/;

function judgeSpelling(command: string): LaunchRuleId | undefined {
  if (UNREADABLE.test(command)) return 'program.spelling';
  return TO_FILL_IN.test(command) ? 'program.line' : undefined;
}

function judgeProgram(command: string): LaunchRuleId {
  const last = command.split(/[\\/]/).at(-1) ?? '';
  if (namesShell(last)) return 'program.shell';
  if (/\.(?:cmd|bat|ps1|vbs|com)$/i.test(last)) return 'program.batch';
  if (launcherOf(last.toLowerCase().replace(/\.exe$/, '')) !== undefined) return 'program.place';
  if (namesRunner(last)) return 'program.shell';
  return /\s/.test(command) && !/[\\/]/.test(command) ? 'program.line' : 'program.unknown';
}
