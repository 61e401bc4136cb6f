import { readConfig } from '../../config/load.ts';
import type { Environment } from '../../config/types.ts';
import { type GatewardError, toGatewardError } from '../../errors.ts';
import { judgeLaunch, type LaunchJudgement } from '../../guard/launch/judge-launch.ts';
import type { ClientFile } from '../../guard/seal/client-file.ts';
import type { Wanted } from '../../guard/seal/formats/document.ts';
import { addUpstream, namesIn } from '../config-file/edit-config-text.ts';
import {
  escapeReferences,
  type KeepSecret,
  keepArgs,
  keepHeaders,
  keepUrl,
  keepValues,
} from '../config-file/make-entry.ts';
import type { ConfigFileEdit } from '../config-file/open-config-file.ts';
import type { SecretFiles } from '../config-file/secret-files.ts';
import { mapTexts, tidyEntry, type UpstreamEntry } from '../config-file/upstream-entry.ts';
import { policyOf } from '../policy-of.ts';
import { type FoundServer, type FoundServers, listOf, type ServerFile } from './find-servers.ts';
import { type GatewayTarget, makeGatewayEntry } from './gateway-entry.ts';
import { addAuthorization, identifyEntry, identifyUpstream, resolveEntry } from './identify-entry.ts';
import { nameUpstream } from './name-upstream.ts';
import { readEntry } from './read-entry.ts';
import { NotMovable, type VariableSource } from './translate-text.ts';

/**
 * What becomes of a client's server: `moved` makes an upstream of it, `same` finds it as an upstream already, `left` leaves
 * it where it is.
 */
export type PlannedServer = MovedServer | LeftServer;

/** A server that leaves its client. */
export interface MovedServer {
  readonly state: 'moved' | 'same';
  readonly source: FoundServer;
  /** Name of the upstream. */
  readonly upstream: string;
  /** As it stands in the configuration: secrets by reference. */
  readonly entry: UpstreamEntry;
  /** Undefined for a URL. */
  readonly judged: LaunchJudgement | undefined;
  /** Keys of the client that the gateway has nothing for. */
  readonly dropped: readonly string[];
}

/** A server that stays with its client. */
export interface LeftServer {
  readonly state: 'left';
  readonly source: FoundServer;
  readonly reason: string;
}

/** A file that is changed. */
export interface PlannedFile {
  readonly file: ClientFile;
  /** The entries that are taken out, as they stood there. */
  readonly removed: readonly FoundServer[];
  /** All that changes: what is taken out, and the entry that leads to the gateway. */
  readonly wanted: readonly Wanted[];
}

/** All that an import does. */
export interface ImportPlan {
  readonly servers: readonly PlannedServer[];
  /** The configuration with the upstreams in it. */
  readonly text: string;
  /** Names of the new upstreams. */
  readonly added: readonly string[];
  readonly files: readonly PlannedFile[];
  readonly broken: FoundServers['broken'];
}

/** What a plan is made of. */
export interface PlanParts {
  readonly found: FoundServers;
  readonly edit: ConfigFileEdit;
  readonly secrets: SecretFiles;
  readonly target: GatewayTarget;
  readonly environment: Environment;
  readonly home: string;
}

/** Plans an import. Writes nothing and starts nothing. */
export async function planImport(parts: PlanParts): Promise<ImportPlan> {
  const planner = new Planner(parts);
  const servers: PlannedServer[] = [];
  const files: PlannedFile[] = [];
  for (const found of parts.found.files) {
    const planned: PlannedServer[] = [];
    for (const source of found.servers) planned.push(await planner.plan(source, found.file));
    servers.push(...planned);
    const removed = planned.filter(({ state }) => state !== 'left').map(({ source }) => source);
    if (removed.length > 0)
      files.push({ file: found.file, removed, wanted: wantedIn(found, removed, parts.target) });
  }
  return { servers, text: planner.text, added: planner.added, files, broken: parts.found.broken };
}

/** Entries of lists are known by their place, so the last goes first. */
function wantedIn(found: ServerFile, removed: readonly FoundServer[], target: GatewayTarget): Wanted[] {
  const gone = removed.map(({ path }) => ({ path, value: undefined })).toReversed();
  if (found.gatewayPath !== undefined) return gone;
  let name = 'gateward';
  for (let count = 2; found.names.has(name); count += 1) name = `gateward-${count}`;
  const value = makeGatewayEntry({ client: found.file.client, name }, target);
  return [...gone, { path: [...listOf(found.file), name], value }];
}

class Planner {
  readonly #parts: PlanParts;
  /** Upstreams by what they are. */
  readonly #known: Map<string, { readonly name: string; readonly entry: UpstreamEntry | undefined }>;
  readonly #taken: Set<string>;
  readonly added: string[] = [];
  text: string;

  constructor(parts: PlanParts) {
    this.#parts = parts;
    this.text = parts.edit.text;
    const { config } = parts.edit.loaded;
    this.#known = new Map(
      config.upstreams.map((upstream) => [
        identifyUpstream(upstream),
        { name: upstream.name, entry: undefined },
      ]),
    );
    const { upstreams, servers } = namesIn(parts.edit.text);
    this.#taken = new Set([...upstreams, ...servers]);
  }

  async plan(source: FoundServer, file: ClientFile): Promise<PlannedServer> {
    try {
      return await this.#move(source, file);
    } catch (error) {
      if (!(error instanceof NotMovable)) throw error;
      return { state: 'left', source, reason: error.message };
    }
  }

  async #move(source: FoundServer, file: ClientFile): Promise<MovedServer> {
    const { environment, home, secrets } = this.#parts;
    const { variables } = environment;
    const place: VariableSource = { variables, home, project: projectOf(source, file) };
    const { entry: raw, dropped } = readEntry(source, place);
    const resolved = resolveEntry(raw, variables);
    const judged = this.#judge(resolved);
    const identity = identifyEntry(resolved);
    const known = this.#known.get(identity);
    if (known !== undefined) {
      const entry =
        known.entry ??
        keepEntry(
          raw,
          checkedKeep((_, value) => value),
        );
      return { state: 'same', source, upstream: known.name, entry, judged, dropped };
    }
    const upstream = nameUpstream(source.name, this.#taken);
    await this.#check(upstream, resolved);
    // Once without keeping anything: what cannot be moved leaves no secret behind.
    keepEntry(
      raw,
      checkedKeep(() => 'kept'),
    );
    const entry = tidyEntry(
      keepEntry(
        raw,
        checkedKeep((label, value) => secrets.keep(upstream, label, value)),
      ),
    );
    this.text = addUpstream(this.text, upstream, entry);
    this.added.push(upstream);
    this.#taken.add(upstream);
    this.#known.set(identity, { name: upstream, entry });
    return { state: 'moved', source, upstream, entry, judged, dropped };
  }

  /** By the values themselves: what a reference stands for is what would run. */
  #judge(entry: UpstreamEntry): LaunchJudgement | undefined {
    if (!('command' in entry)) return undefined;
    const judged = judgeLaunch(entry, policyOf(this.#parts.edit.loaded.config));
    if (judged.verdict !== 'refuse') return judged;
    throw new NotMovable(`REFUSED (${judged.rule}) ${judged.reason}`);
  }

  /** Whether the loader takes the entry, by itself. */
  async #check(name: string, resolved: UpstreamEntry): Promise<void> {
    const { edit, environment } = this.#parts;
    try {
      const text = addUpstream('', name, mapTexts(resolved, escapeReferences));
      await readConfig(text, { file: edit.file, env: environment });
    } catch (thrown) {
      const error = toGatewardError(thrown);
      if (error.code !== 'CONFIG_INVALID') throw error;
      throw new NotMovable(`The gateway cannot take it: ${problemsOf(error)}`);
    }
  }
}

function problemsOf({ data, message }: GatewardError): string {
  const problems: unknown = data?.['problems'];
  if (!Array.isArray(problems)) return message;
  return problems
    .map((problem: { key?: unknown; message?: unknown }) => `${problem.key}: ${problem.message}`)
    .join(' ');
}

/** The folder that a file, or a part of it, belongs to. */
function projectOf({ path }: FoundServer, { scope, path: file }: ClientFile): string | undefined {
  const [first, folder] = path;
  if (first === 'projects' && folder !== undefined && path.length > 3) return folder;
  if (scope !== 'project') return undefined;
  return file.replace(/[/\\](?:\.[\w-]+[/\\](?:mcp[/\\])?)?[^/\\]+$/, '');
}

/** A secret in a file is taken as it is, so nothing may have to be put into it. */
function checkedKeep(keep: KeepSecret): KeepSecret {
  return (label, value) => {
    if (/\$\{/.test(value.replaceAll('$${', '')))
      throw new NotMovable(
        'A secret in it is put together from variables. Write the value itself, then import again.',
      );
    return keep(label, value.replaceAll('$${', '${'));
  };
}

function keepEntry(entry: UpstreamEntry, keep: KeepSecret): UpstreamEntry {
  if ('command' in entry) {
    const { args = [], env = {} } = entry;
    return { ...entry, args: keepArgs(args, keep), env: keepValues(env, keep) };
  }
  const { url, authorization } = keepUrl(entry.url, keep);
  return { ...entry, url, headers: addAuthorization(keepHeaders(entry.headers ?? {}, keep), authorization) };
}
