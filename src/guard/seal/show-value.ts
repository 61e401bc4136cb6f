import { createHash } from 'node:crypto';
import { isTree, type Tree } from './formats/tree.ts';

const SECRET_KEY = /token|secret|passw|api[-_]?key|auth|cookie|credential|private|session/i;
/** All that stands below these may be secret. */
const SECRET_FOLDERS: readonly string[] = ['env', 'envs', 'environment', 'headers', 'http_headers'];
/** Prefixes by which services mark their tokens, and long words of mixed letters and digits. */
const TOKEN =
  /\b(?:sk|pk|rk|gh[a-z]|glpat|xox[a-z]|gwk|npm|eyJ)[-_A-Za-z0-9.]{12,}|(?<![A-Za-z0-9_+/.-])(?=[A-Za-z0-9_+/-]*\d)(?=[A-Za-z0-9_+/-]*[A-Za-z])[A-Za-z0-9_+-]{28,}/g;
const MAX_CHARS = 2000;
const MAX_SCANNED = 4096;

/** A value as it may be shown: JSON on one line, with whatever looks like a secret masked. */
export function showValue(value: unknown): string {
  const text = JSON.stringify(maskSecrets(value)) ?? 'nothing';
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}… (${text.length} characters)` : text;
}

/** A copy of a value in which a mask stands for each secret. Equal secrets have equal masks, so that a change shows. */
export function maskSecrets(value: unknown): unknown {
  return maskIn(value, false);
}

function maskIn(value: unknown, isSecret: boolean): unknown {
  if (typeof value === 'string') return isSecret ? mask(value) : maskText(value);
  if (Array.isArray(value))
    return value.map((item, index) => maskIn(item, isSecret || follows(value, index)));
  return isTree(value) ? maskTree(value, isSecret) : value;
}

function maskTree(tree: Tree, isSecret: boolean): unknown {
  const members = Object.entries(tree).map(([key, member]) => {
    const isFolder = SECRET_FOLDERS.includes(key) && isTree(member);
    return [key, maskIn(member, isSecret || isFolder || SECRET_KEY.test(key))] as const;
  });
  return Object.fromEntries(members);
}

/** `--api-key VALUE` in a list of arguments. */
function follows(items: readonly unknown[], index: number): boolean {
  const before = items[index - 1];
  return typeof before === 'string' && /^--?[\w-]+$/.test(before) && SECRET_KEY.test(before);
}

/** Secrets inside a text: the user part of URLs, values of telling parameters and options, and what looks like a token. */
function maskText(text: string): string {
  if (text.length <= MAX_SCANNED) return maskWhole(text);
  // A secret that the cut goes through would not be known for one: what lies before the cut is not shown either.
  return `${maskWhole(text.slice(0, MAX_SCANNED)).slice(0, MAX_CHARS)}… (${text.length} characters)`;
}

function maskWhole(text: string): string {
  return text
    .replaceAll(/(?<=:\/\/)[^/@\s]+(?=@)/g, mask)
    .replaceAll(/(?<=[?&#\s-][\w-]*(?:token|secret|passw\w*|key|auth|bearer)[=\s]+)[^&\s"']+/gi, mask)
    .replaceAll(TOKEN, mask);
}

function mask(secret: string): string {
  // A placeholder such as ${input:token} is no secret.
  if (/^\s*(?:Bearer\s+)?\$\{[^}]*\}\s*$/.test(secret) || secret === '') return secret;
  const digest = createHash('sha256').update('gateward mask').update(secret).digest('hex').slice(0, 8);
  return `<secret ${digest}>`;
}
