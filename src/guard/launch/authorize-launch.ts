import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { LaunchConfig, SandboxConfig } from '../../config/types.ts';
import { type ErrorCode, GatewardError } from '../../errors.ts';
import type { AuthorizeLaunch, LaunchPermit, LaunchRequest } from '../../launch-permit.ts';
import type { Log } from '../../lib/log.ts';
import type { ApprovalKind, ApprovalState, Seen } from '../../store/approval-table.ts';
import { buildEnvironment } from './build-environment.ts';
import { describeLaunch } from './describe-launch.ts';
import { digestLaunch } from './digest-launch.ts';
import { FileHashes } from './hash-file.ts';
import { judgeLaunch, type LaunchJudgement } from './judge-launch.ts';
import { makePermit } from './make-permit.ts';
import { makePrivateFolder } from './private-folder.ts';
import { isProgram, type Program, resolveProgram } from './resolve-program.ts';
import { LAUNCH_RULES } from './rules.ts';
import { type RunningLaunch, RunningLaunches } from './running-launches.ts';

/** What is known of approvals: the part of an ApprovalBook that launches take. */
export interface LaunchBook {
  load(upstream: string): Promise<{
    stateOf(kind: ApprovalKind, name: string, digest: string): ApprovalState | undefined;
  }>;
  see(seen: readonly Seen[]): Promise<readonly ApprovalState[]>;
}

/**
 * Puts a launch into a sandbox: the permit that comes back starts the sandbox, which starts the program. Throws
 * SANDBOX_UNAVAILABLE where none can run and the profile wants one.
 */
export type ConfineLaunch = (permit: LaunchPermit, profile: SandboxConfig) => Promise<LaunchPermit>;

/** What launches are authorized with. */
export interface LaunchDeps {
  /** What is in force now: a reload changes it. */
  readonly config: () => { readonly launch: LaunchConfig; readonly dataDir: string };
  readonly book: LaunchBook;
  readonly confine: ConfineLaunch;
  /** The gateway's own environment variables. */
  readonly variables: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, as the times of files. */
  readonly now: () => number;
  readonly log: Log;
}

/** The one thing that is approved under this kind has no name. */
const KIND = 'launch';
const NAME = '';

/**
 * The function that stands before every start of a program. It judges by the grammar; what the grammar does not accept
 * needs an approval of exactly this launch: command, program with its bytes, arguments, environment and folder.
 *
 * What is hashed is the path without links, and that same path is started, so no link can lead elsewhere in between.
 * Open is this: whoever may write the file itself, or a folder above it, can change it between the hash and the start,
 * which no system call of Node closes; and a program loads more files than itself, which nobody hashes here. Such a
 * writer needs the rights of the gateway's user or more.
 */
export function createAuthorizeLaunch(deps: LaunchDeps): AuthorizeLaunch {
  return createLaunchGuard(deps).authorize;
}

/** What stands before every start, and over what runs. */
export interface LaunchGuard {
  readonly authorize: AuthorizeLaunch;
  /**
   * Approvals of an upstream or the rules have changed: withdraws the permits of what runs and would not be started
   * as it was. Other bytes of a program on the disk change nothing for those that run. While the store cannot be read
   * and nothing is known, all goes on. Never rejects.
   */
  readonly reconsider: (upstream: string) => Promise<void>;
}

/** Makes what judges launches: see `createAuthorizeLaunch`. */
export function createLaunchGuard(deps: LaunchDeps): LaunchGuard {
  const launcher = new Launcher(deps);
  return {
    authorize: (request) => launcher.authorize(request),
    reconsider: (upstream) => launcher.reconsider(upstream),
  };
}

class Launcher {
  readonly #deps: LaunchDeps;
  readonly #running = new RunningLaunches((launch) => this.#faultOf(launch));
  readonly #hashes: FileHashes;
  #prlimit: Promise<string | undefined> | undefined;

  constructor(deps: LaunchDeps) {
    this.#deps = deps;
    this.#hashes = new FileHashes(deps.now);
  }

  reconsider(upstream: string): Promise<void> {
    return this.#running.reconsider(upstream);
  }

  async authorize(request: LaunchRequest): Promise<LaunchPermit> {
    const { config, log } = this.#deps;
    const { launch, dataDir } = config();
    const { upstream, command, args } = request;
    const judgement = this.#judge(request);
    const isOpen = launch.dangerouslyStartUnapproved;
    const located = await this.#locate(request);
    const { program, environment } = located;
    const needsApproval = judgement.verdict !== 'accept' && !isOpen;
    const digest = needsApproval ? await this.#requireApproval(request, judgement, located) : undefined;
    const start = {
      upstream,
      command,
      file: program.file,
      argv0: program.found,
      args,
      env: environment,
      cwd: await folderOf(request, dataDir),
      limits: {
        maxMemoryBytes: launch.maxMemoryBytes,
        maxOpenFiles: launch.maxOpenFiles,
        prlimit: await this.#findPrlimit(),
      },
    };
    const permit = makePermit(start, (end) => this.#running.add({ request, digest }, end));
    const { sandbox } = request;
    const confined = sandbox === undefined ? permit : await this.#deps.confine(permit, sandbox);
    const { verdict, rule } = judgement;
    const how = verdict === 'accept' ? rule : isOpen ? 'dangerouslyStartUnapproved' : 'approved';
    log.info('a program is started', { upstream, file: program.file, how });
    return confined;
  }

  async #locate({ command, env }: LaunchRequest): Promise<Located> {
    const { variables } = this.#deps;
    const program = await resolveProgram(command, pathOf(variables));
    return {
      program,
      environment: buildEnvironment({ own: variables, configured: env, program: program.found }),
    };
  }

  /** Throws LAUNCH_REFUSED. */
  #judge(request: LaunchRequest): LaunchJudgement {
    const { launch } = this.#deps.config();
    const judgement = judge(request, launch);
    if (judgement.verdict === 'refuse' && !launch.dangerouslyStartUnapproved)
      throw refused(request.upstream, judgement);
    return judgement;
  }

  /** Why a program that runs may not go on; undefined where it may, or where nobody can tell now. */
  async #faultOf({ request, digest }: RunningLaunch): Promise<GatewardError | undefined> {
    try {
      const judgement = this.#judge(request);
      if (judgement.verdict === 'accept' || this.#deps.config().launch.dangerouslyStartUnapproved)
        return undefined;
      // It was started without an approval, by rules that were others.
      if (digest === undefined) await this.#requireApproval(request, judgement, await this.#locate(request));
      else await this.#requireDigest(request.upstream, judgement, digest);
      return undefined;
    } catch (thrown) {
      return thrown instanceof GatewardError && WITHDRAWS.has(thrown.code) ? thrown : undefined;
    }
  }

  async #requireDigest(upstream: string, judgement: LaunchJudgement, digest: string): Promise<void> {
    const state = (await this.#deps.book.load(upstream)).stateOf(KIND, NAME, digest);
    if (state !== 'approved') throw notApproved(upstream, judgement, state);
  }

  /** Gives the digest that is approved. */
  async #requireApproval(
    request: LaunchRequest,
    judgement: LaunchJudgement,
    { program, environment }: Located,
  ): Promise<string> {
    const { book } = this.#deps;
    const { upstream } = request;
    const { findings } = judgement;
    const hashes = this.#hashes;
    const path = environment['PATH'] ?? '';
    const described = await describeLaunch(request, { file: program.file, path, findings, hashes });
    const { digest, body } = digestLaunch(described);
    const marks = await book.load(upstream);
    let state = marks.stateOf(KIND, NAME, digest);
    if (state === undefined) {
      const seen = {
        upstream,
        kind: KIND,
        name: NAME,
        digest,
        body,
        findings: writeFindings(judgement),
        state: 'pending',
        decidedBy: undefined,
      } as const;
      [state] = await book.see([seen]);
    }
    if (state !== 'approved') throw notApproved(upstream, judgement, state);
    return digest;
  }

  #findPrlimit(): Promise<string | undefined> {
    this.#prlimit ??= findPrlimit(this.#deps.log);
    return this.#prlimit;
  }
}

interface Located {
  readonly program: Program;
  /** The environment that the program will have. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a program that runs is ended for; other errors only say that nobody can tell now. */
const WITHDRAWS = new Set<ErrorCode>(['LAUNCH_NOT_APPROVED', 'LAUNCH_REFUSED']);

/** Run-times whose arguments the grammar knows. */
const RUNTIMES: readonly string[] = ['node', 'bun', 'deno'];

/**
 * The run-time of the gateway is vouched for by whoever started it: as `node`, with the grammar of it. A program that
 * holds its run-time in itself has another name, and would be vouched for with any arguments.
 */
function judge(
  { command, args, env, cwd }: LaunchRequest,
  { folders, programs }: LaunchConfig,
): LaunchJudgement {
  const runtime = process.execPath;
  const own = RUNTIMES.includes(basename(runtime, '.exe')) ? [runtime] : [];
  return judgeLaunch({ command, args, env, cwd }, { folders, programs: [...programs, ...own] });
}

function pathOf(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables).find(([name]) => name.toUpperCase() === 'PATH')?.[1] ?? '';
}

async function folderOf(request: LaunchRequest, dataDir: string): Promise<string> {
  const { cwd } = request;
  if (cwd === undefined) return await makePrivateFolder(dataDir, request);
  const found = await stat(cwd).catch(() => undefined);
  if (found?.isDirectory() === true) return cwd;
  throw new GatewardError('LAUNCH_FAILED', { detail: `Its working directory ${cwd} is no folder.` });
}

function writeFindings({ findings }: LaunchJudgement): string {
  return JSON.stringify(findings.map((finding) => ({ ...finding, ...LAUNCH_RULES[finding.rule] })));
}

function refused(upstream: string, { rule, reason }: LaunchJudgement): GatewardError {
  return new GatewardError('LAUNCH_REFUSED', { detail: `"${upstream}" falls under ${rule}. ${reason}` });
}

function notApproved(
  upstream: string,
  { rule, reason }: LaunchJudgement,
  state: ApprovalState | undefined,
): GatewardError {
  const detail =
    state === 'rejected'
      ? `"${upstream}" was read and rejected. To let it start after all, approve the id that this shows: gateward server diff ${upstream} --state rejected`
      : `"${upstream}" falls under ${rule}. ${reason} To read it: gateward server diff ${upstream}. To let it start: gateward server approve ${upstream}`;
  return new GatewardError('LAUNCH_NOT_APPROVED', { detail, data: { upstream, rule } });
}

/** util-linux has it; other systems may not. */
const PRLIMIT_PLACES: readonly string[] = ['/usr/bin/prlimit', '/bin/prlimit'];

async function findPrlimit(log: Log): Promise<string | undefined> {
  for (const path of process.platform === 'linux' ? PRLIMIT_PLACES : []) {
    if (await isProgram(path)) return path;
  }
  log.warn('the open files of upstreams are not limited: this system has no prlimit');
  return undefined;
}
