import { createHash } from 'node:crypto';
import type { LaunchRequest } from '../../launch-permit.ts';
import { checkServerArgs } from './check-args.ts';
import type { ApprovedLaunch, ApprovedReference, ApprovedVariable } from './digest-launch.ts';
import { findInterpreters } from './find-interpreters.ts';
import type { FileHashes } from './hash-file.ts';
import type { Finding } from './rules.ts';

/** Variables whose value stands in the file itself, and is a secret by its name. */
const SECRET_NAME = /auth|cookie|token|secret|passw|credential|key/i;

/** Rules of what a launcher is told to run, by the argument that says it. */
const NAMES_CODE = /^(?:npm|pypi|image|package)\.|^script\.(?:vouched|place|kind)$/;

/** Rules of launches of which nobody can tell which of their arguments says what runs, or what it may reach. */
const RUNS_ARGUMENTS =
  /^(?:launcher|container)\.|^script\.(?:code|option)$|^program\.(?!unknown$|vouched$)|^package\.program$/;

/** Rules of variables whose value decides what runs, and whom it trusts. */
const VALUE_DECIDES = /^env\.(?:preload|code|source|trust|value)$/;

/** What a description takes beside the request. */
export interface DescribedBy {
  /** Absolute path of the program without links. */
  readonly file: string;
  /** The PATH that the program will have. */
  readonly path: string;
  readonly findings: readonly Finding[];
  readonly hashes: FileHashes;
}

/** What an approval of a launch covers, with no secret in it. Throws LAUNCH_FAILED for files that cannot be read. */
export async function describeLaunch(
  { command, args, env, cwd, references, sandbox }: LaunchRequest,
  { file, path, findings, hashes }: DescribedBy,
): Promise<ApprovedLaunch> {
  const hashed = async (one: string) => ({ path: one, sha256: await hashes.hash(one) });
  const interpreters = await Promise.all((await findInterpreters(file, path)).map(hashed));
  const runsArguments = findings.some(({ rule }) => RUNS_ARGUMENTS.test(rule));
  return {
    command,
    binary: { ...(await hashed(file)), interpreters },
    args: args.map((arg, index) => {
      const text = references.args[index];
      // Nothing is said of the arguments of a program that is not known, but here they may change unseen.
      const at = `args[${index}]`;
      if (text === undefined) return arg;
      const found = findings.filter((finding) => finding.at === at);
      const decides = runsArguments || found.some(({ rule }) => NAMES_CODE.test(rule));
      return refer({ secret: text, value: arg, decides }, [...found, ...checkServerArgs([arg], 0)]);
    }),
    env: Object.entries(env).map(([name, value]): ApprovedVariable => {
      const text = own(references.env, name);
      if (text !== undefined) {
        const found = findings.filter(({ at }) => at === `env.${name}`);
        const decides = found.some(({ rule }) => VALUE_DECIDES.test(rule));
        return { name, ...refer({ secret: text, value, decides }, found) };
      }
      return SECRET_NAME.test(name) ? { name, sha256: sha256(value) } : { name, value };
    }),
    cwd,
    sandbox,
  };
}

/** A text that was substituted. `decides`: it is part of what runs, so that another is another launch. */
interface Referred {
  readonly secret: string;
  readonly value: string;
  readonly decides: boolean;
}

function refer({ secret, value, decides }: Referred, findings: readonly Finding[]): ApprovedReference {
  return { secret, rules: rulesOf(findings), ...(decides && { textSha256: sha256(value) }) };
}

function own(texts: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(texts, name) ? texts[name] : undefined;
}

function rulesOf(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ rule }) => rule))].sort();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
