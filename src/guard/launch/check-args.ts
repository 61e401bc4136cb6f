import { namesShell, startsCommandLine } from './program-names.ts';
import type { Finding, LaunchRuleId } from './rules.ts';

/**
 * Options by which programs are told to load or run code. A server may mean something harmless by one, but then its
 * approval costs one question.
 */
const CODE =
  /^(?:-e|-c|-r|-pe|-lc|-ic|-ec|--(?:eval|exec|execute|call|command|cmd|run|shell|script|script-shell|require|import|loader|experimental-loader|preload|node-options|init-command|post-command|pre-command|on-start|hook|plugin|inspect(?:-brk)?))(?:=|$)/;
/** `$(...)`, backticks, and what parts commands. */
const SUBSTITUTION = /`|\$\(|\$\{[^}]*[^\w}:.,-]/;
const SEPARATOR = /[;|&]/;
const REDIRECTION = /[<>]/;
const PLACEHOLDER = /<[A-Za-z][\w .:/-]*>/g;
const TEMPLATE = /\{\{[^{}]*\}\}/g;
const WINDOWS_VARIABLE = /%[A-Za-z_][\w()]*%|\^/;
const BROKEN_QUOTES = /^[^"]*"[^"]*$/;
const URL_LIKE = /^(?:--?[\w-]+=)?[a-z][a-z0-9+.-]*:\/\/[\w.~:/?#[\]@!$&'*+,;=%<>{}-]+$/i;
const TRAVERSAL = /(?:^|[\\/=:,])\.\.(?:[\\/]|$)/;
/** The address that clouds hand out credentials at, in the forms that programs read. */
const METADATA = /169\.254\.169\.254|fd00:ec2::254|metadata\.google\.internal|\b2852039166\b|\b0xa9fea9fe\b/i;

/** What is wrong with the arguments that a server itself gets; `from` is where they begin. */
export function checkServerArgs(args: readonly string[], from: number): Finding[] {
  return args.slice(from).flatMap((arg, index) => {
    const rule = judgeArg(arg);
    return rule === undefined ? [] : [{ rule, at: `args[${from + index}]` }];
  });
}

function judgeArg(arg: string): LaunchRuleId | undefined {
  if (CODE.test(arg)) return 'args.code';
  const value = arg.replace(/^--?[\w-]+=/, '');
  if (namesShell(value) || startsCommandLine(value)) return 'args.program';
  if (actsInShell(arg) || namesMetadata(arg)) return 'args.shell';
  return TRAVERSAL.test(arg) ? 'args.traversal' : undefined;
}

/** Whether a shell would see more than a text. Launchers escape it; one that does not, on Windows say, runs it. */
function actsInShell(text: string): boolean {
  const plain = text.replaceAll(TEMPLATE, '').replaceAll(PLACEHOLDER, '');
  if (SUBSTITUTION.test(plain)) return true;
  if (URL_LIKE.test(plain)) return /[;|]/.test(plain.replace(/[?#].*$/, ''));
  return (
    SEPARATOR.test(plain) ||
    REDIRECTION.test(plain) ||
    WINDOWS_VARIABLE.test(plain) ||
    BROKEN_QUOTES.test(plain)
  );
}

/** Whether a text names the address at which clouds hand out credentials. */
export function namesMetadata(text: string): boolean {
  return METADATA.test(text);
}
