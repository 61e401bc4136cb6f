import { createHash } from 'node:crypto';
import { canonicalJson } from '../../lib/canonical-json.ts';

/** A variable as it is approved: a plain value, or where a secret comes from, never the secret. */
export type ApprovedVariable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly secret: string };

/** All that is approved of a launch. A change of any part is another launch. */
export interface ApprovedLaunch {
  readonly command: string;
  /** The file that would be started: its path without links, and the SHA-256 of its bytes in hex. */
  readonly binary: { readonly path: string; readonly sha256: string };
  readonly args: readonly string[];
  readonly env: readonly ApprovedVariable[];
  readonly cwd: string | undefined;
}

/** Leaves room for another form of the text, so that old approvals never fit it by chance. */
const FORM = 1;

/**
 * The text that an approval covers: RFC 8785, where the order of the variables does not matter. Throws TypeError for a
 * variable that stands twice and for texts with lone surrogates.
 */
export function canonicalLaunch({ command, binary, args, env, cwd }: ApprovedLaunch): string {
  const variables = env.map((entry) => [
    entry.name,
    'secret' in entry ? { secret: entry.secret } : { value: entry.value },
  ]);
  if (new Set(env.map(({ name }) => name)).size < env.length)
    throw new TypeError('A variable stands twice in the environment.');
  const { path, sha256 } = binary;
  return canonicalJson({
    form: FORM,
    command,
    binary: { path, sha256 },
    args,
    env: Object.fromEntries(variables),
    cwd: cwd ?? null,
  });
}

/** The digest that is pinned when a launch is approved: `sha256:` and 64 hex digits. */
export function digestLaunch(launch: ApprovedLaunch): string {
  return `sha256:${createHash('sha256').update(canonicalLaunch(launch)).digest('hex')}`;
}
