import { showHidden } from '../../lib/hidden-text.ts';

/** The form of bodies that this module knows. */
const FORM = 1;

/**
 * The body of a launch as people must see it before they agree (SEP-1024): the command, then each argument, each
 * variable, the folder and the files that run on a line of its own, nothing cut. What is of another form is shown whole.
 */
export function showLaunchBody(body: string): readonly string[] {
  const launch: unknown = JSON.parse(body);
  if (!isRecord(launch) || launch['form'] !== FORM) return [showHidden(body)];
  const { command, args, env, cwd, binary, ...others } = launch;
  const variables = isRecord(env) ? Object.entries(env) : [];
  return [
    show(command),
    ...listOf(args).map((arg) => `  ${showText(arg)}`),
    ...variables.map(([name, value]) => `  env ${showHidden(name)} = ${showText(value)}`),
    ...(cwd === null ? [] : [`  in ${show(cwd)}`]),
    ...showFiles(binary),
    ...Object.entries(others)
      .filter(([name]) => name !== 'form')
      .map(([name, value]) => `  ${showHidden(name)}: ${show(value)}`),
  ];
}

/** A plain text, one that is substituted, or the hash of a secret. */
function showText(value: unknown): string {
  if (!isRecord(value)) return show(value);
  const { value: plain, secret, sha256, rules } = value;
  if (typeof plain === 'string') return showHidden(plain);
  if (typeof sha256 === 'string') return `a secret with the SHA-256 ${showHidden(sha256)}`;
  if (typeof secret !== 'string') return show(value);
  const under = listOf(rules).map(show).join(', ');
  return `what stands for ${showHidden(secret)}${under === '' ? '' : `, which falls under ${under}`}`;
}

function showFiles(binary: unknown): readonly string[] {
  if (!isRecord(binary)) return [];
  const files = [binary, ...listOf(binary['interpreters'])];
  return files.map((file, n) => {
    if (!isRecord(file)) return show(file);
    return `  ${n === 0 ? 'program' : 'run by'} ${show(file['path'])} with the SHA-256 ${show(file['sha256'])}`;
  });
}

function show(value: unknown): string {
  return typeof value === 'string' ? showHidden(value) : showHidden(JSON.stringify(value) ?? '');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
