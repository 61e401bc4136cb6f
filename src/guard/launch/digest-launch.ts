import type { SandboxConfig } from '../../config/types.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { digestBody } from '../pin/digest-definition.ts';

/**
 * Where a text comes from that was substituted, never the text: as the configuration writes it. `rules` are those that
 * the text itself falls under, so that a text which becomes something worse waits again.
 */
export interface ApprovedReference {
  readonly secret: string;
  readonly rules?: readonly string[];
  /** Hash of the text itself where it names what runs, a package, an image or a script: another is another launch. */
  readonly textSha256?: string;
}

/** A variable as it is approved: a plain value, where a secret comes from, or the hash of a secret in the file itself. */
export type ApprovedVariable = { readonly name: string } & (
  | { readonly value: string }
  | { readonly sha256: string }
  | ApprovedReference
);

/** A file as it is approved: its path without links, and the SHA-256 of its bytes in hex. */
export interface ApprovedFile {
  readonly path: string;
  readonly sha256: string;
}

/** All that is approved of a launch. A change of any part is another launch. */
export interface ApprovedLaunch {
  readonly command: string;
  /** The file that would be started; for a script also what runs it, and what runs that. */
  readonly binary: ApprovedFile & { readonly interpreters?: readonly ApprovedFile[] };
  readonly args: readonly (string | ApprovedReference)[];
  readonly env: readonly ApprovedVariable[];
  readonly cwd: string | undefined;
  /** The sandbox that it runs in; undefined for none. */
  readonly sandbox?: SandboxConfig | undefined;
}

/** A launch as it is compared. */
export interface DigestedLaunch {
  /** What is pinned when the launch is approved: `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** What `canonicalLaunch` writes. */
  readonly body: string;
}

/** Leaves room for another form of the text, so that old approvals never fit it by chance. */
const FORM = 1;

/**
 * The text that an approval covers: RFC 8785, where the order of the variables does not matter. Throws TypeError for a
 * variable that stands twice and for texts with lone surrogates.
 */
export function canonicalLaunch(launch: ApprovedLaunch): string {
  const { command, binary, args, env, cwd, sandbox } = launch;
  const { interpreters = [], ...program } = binary;
  if (new Set(env.map(({ name }) => name)).size < env.length)
    throw new TypeError('A variable stands twice in the environment.');
  return canonicalJson({
    form: FORM,
    command,
    binary: { ...program, ...(interpreters.length > 0 && { interpreters }) },
    args: args.map((arg) => (typeof arg === 'string' ? arg : canonicalReference(arg))),
    env: Object.fromEntries(
      env.map(({ name, ...rest }) => [name, 'secret' in rest ? canonicalReference(rest) : rest]),
    ),
    cwd: cwd ?? null,
    ...(sandbox && { sandbox }),
  });
}

/** The text that an approval covers, and its digest. Throws as `canonicalLaunch`. */
export function digestLaunch(launch: ApprovedLaunch): DigestedLaunch {
  const body = canonicalLaunch(launch);
  return { digest: digestBody(body), body };
}

function canonicalReference({ rules = [], ...reference }: ApprovedReference): object {
  return { ...reference, ...(rules.length > 0 && { rules }) };
}
