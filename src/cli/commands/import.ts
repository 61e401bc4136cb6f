import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { readEnvironment } from '../../config/env.ts';
import type { Config, Environment } from '../../config/types.ts';
import { GatewardError } from '../../errors.ts';
import { CLIENTS, findClient, listClientFiles } from '../../guard/seal/list-client-files.ts';
import { createDisk } from '../config-file/disk.ts';
import { type ConfigFileEdit, openConfigFile } from '../config-file/open-config-file.ts';
import { SecretFiles } from '../config-file/secret-files.ts';
import { type Ask, confirm, createAsk } from '../confirm.ts';
import { countThings, sayOfThings } from '../count-things.ts';
import { EXIT } from '../exit-codes.ts';
import { Backups } from '../import/backup.ts';
import { type CarriedOut, carryOut } from '../import/carry-out.ts';
import { findLeftovers } from '../import/find-leftovers.ts';
import { findServers } from '../import/find-servers.ts';
import type { GatewayTarget } from '../import/gateway-entry.ts';
import { type ImportPlan, planImport } from '../import/plan-import.ts';
import { sealHint } from '../import/seal-hint.ts';
import { describeServer, showPlan } from '../import/show-plan.ts';
import { listenUrl } from '../listen-url.ts';
import { ownProgram } from '../own-program.ts';
import { gatewaysOf } from '../seal-place.ts';
import { bare, type ShownText, show } from '../shown-text.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward import` is given. */
export interface ImportOptions {
  readonly config: string | undefined;
  /** Ids of clients; none for all. */
  readonly clients: readonly string[];
  /** The home folder to look in, if it is not the user's own. */
  readonly home: string | undefined;
  /** Folders whose project files are imported too. */
  readonly projects: readonly string[];
  /** Where clients reach the gateway, if the configuration does not say it. */
  readonly url: string | undefined;
  readonly isDryRun: boolean;
  readonly isAgreed: boolean;
}

/** What importing needs of the process. Tests hand in their own. */
export interface ImportParts {
  readonly terminal: Terminal;
  readonly environment?: Environment;
  readonly ask?: Ask;
}

/**
 * `gateward import`: moves the servers of clients, with their tokens, into the gateway, and leaves one entry in each file
 * that leads to it. Starts nothing itself. Gives 1 if a file could not be read or changed.
 *
 * @throws GatewardError NOT_CONFIRMED and others; no file of a client is changed then.
 */
export async function importServers(options: ImportOptions, parts: ImportParts): Promise<number> {
  const { terminal, environment = readEnvironment() } = parts;
  checkClients(options.clients);
  const disk = createDisk();
  const edit = await openConfigFile(options.config, { environment, disk, mayBegin: true });
  const { config } = edit.loaded;
  const target = targetOf(options.url, config);
  const home = resolve(options.home ?? homedir());
  const files = listClientFiles(
    {
      home,
      platform: process.platform,
      projects: options.projects.map((folder) => resolve(folder)),
      // Another home has its own folders.
      variables: options.home === undefined ? environment.variables : {},
    },
    options.clients.length === 0 ? undefined : options.clients,
  );
  const found = await findServers(files, [target.url]);
  const secrets = await SecretFiles.open({ dataDir: config.dataDir, configFile: edit.file });
  const plan = await planImport({ found, edit, secrets, target, environment, home });
  for (const { text } of showPlan(plan, target)) terminal.say(text);
  if (plan.files.length === 0 || options.isDryRun) return tellPlan({ plan, edit, target, options }, terminal);
  await agree(plan, edit, { ...parts, isAgreed: options.isAgreed });
  const backups = await Backups.open(config.dataDir, environment);
  const clientDisk = createDisk('CLIENT_CONFIG_INVALID');
  const done = await carryOut(plan, {
    edit,
    secrets,
    backups,
    environment,
    disk,
    clientDisk,
    now: Date.now(),
  });
  const leftovers = await findLeftovers(
    found.files.map(({ file }) => file.path),
    secrets.values,
  );
  return report({ plan, edit, target, options, environment, done, leftovers, secrets }, terminal);
}

function checkClients(ids: readonly string[]): void {
  const unknown = ids.find((id) => findClient(id) === undefined);
  if (unknown === undefined) return;
  const known = CLIENTS.map(({ id }) => id).join(', ');
  throw new GatewardError('CONFIG_INVALID', {
    detail: `There is no client ${show`${unknown}`.text}. Known: ${known}.`,
  });
}

/** Clients on the same machine reach it where it listens, if it has no other name. */
function targetOf(given: string | undefined, { publicUrl, listen }: Config): GatewayTarget {
  const base = given ?? publicUrl ?? (listen.port === 0 ? undefined : listenUrl(listen));
  if (base === undefined || !/^https?:\/\//.test(base) || !URL.canParse(base)) {
    const detail = 'Say with --url where clients reach the gateway, such as http://127.0.0.1:3232/mcp.';
    throw new GatewardError('CONFIG_INVALID', { detail });
  }
  const isWhole = given !== undefined && new URL(given).pathname !== '/';
  return {
    url: isWhole ? given : `${base.replace(/\/+$/, '')}/mcp`,
    node: process.execPath,
    program: ownProgram(),
  };
}

async function agree(
  plan: ImportPlan,
  { file }: ConfigFileEdit,
  parts: ImportParts & { readonly isAgreed: boolean },
): Promise<void> {
  if (parts.isAgreed) return;
  const count = plan.servers.filter(({ state }) => state !== 'left').length;
  const ask = parts.ask ?? createAsk(parts.terminal.isJson);
  const what = show`Move ${bare(countThings(count, 'server'))} into ${bare(file)}?`;
  const starts =
    'Import itself starts nothing; a gateway that runs with this file does, where no approval is needed.';
  await confirm(ask, show`${what} ${bare(starts)} [y/N] `);
}

interface Planned {
  readonly plan: ImportPlan;
  readonly edit: ConfigFileEdit;
  readonly target: GatewayTarget;
  readonly options: ImportOptions;
}

function describe({ plan, edit, target, options }: Planned): Readonly<Record<string, unknown>> {
  return {
    dryRun: options.isDryRun,
    config: edit.file,
    gateway: target.url,
    servers: plan.servers.map(describeServer),
    broken: plan.broken,
  };
}

function tellPlan(planned: Planned, terminal: Terminal): number {
  const { plan } = planned;
  terminal.emit({ ...describe(planned), files: plan.files.map(({ file }) => file.path) });
  terminal.say(plan.files.length === 0 ? 'There is nothing to import.' : 'Nothing was changed.');
  return plan.broken.length === 0 ? EXIT.ok : EXIT.failed;
}

interface Done extends Planned {
  readonly environment: Environment;
  readonly done: CarriedOut;
  readonly leftovers: readonly string[];
  readonly secrets: SecretFiles;
}

function report(all: Done, terminal: Terminal): number {
  const { plan, edit, done, leftovers, secrets } = all;
  terminal.emit({
    ...describe(all),
    files: done.changed.map(({ file }) => file.path),
    failed: done.failed.map(({ file, error }) => ({ path: file.file.path, message: error.message })),
    secretFiles: secrets.files,
    backup: done.backup,
    leftovers,
  });
  for (const { text } of sayDone(all)) terminal.say(text);
  for (const { error } of done.failed) terminal.warn(show`${bare(error.message)}`.text);
  for (const path of leftovers)
    terminal.warn(show`${bare(path)} still holds a token in plain text: look at it, and delete it.`.text);
  for (const server of plan.servers) {
    if (server.state !== 'left') continue;
    const { name, file } = server.source;
    terminal.warn(
      show`${name} stays in ${bare(file)}, with whatever tokens it has. ${bare(server.reason)}`.text,
    );
  }
  if (edit.loaded.config.auth.keys)
    terminal.warn(
      'The gateway asks for keys: make one with gateward key create, and add it to the entry of each client.',
    );
  return done.failed.length + plan.broken.length === 0 ? EXIT.ok : EXIT.failed;
}

function sayDone({ plan, edit, target, options, environment, done, secrets }: Done): readonly ShownText[] {
  const added = sayOfThings(plan.added.length, 'upstream', ['was', 'were']);
  const changed = sayOfThings(done.changed.length, 'file', ['of a client leads', 'of clients lead']);
  const kept = countThings(secrets.files.length, 'file');
  const lines = [show`${bare(added)} added to ${bare(edit.file)}, and ${bare(changed)} to the gateway.`];
  if (secrets.files.length > 0)
    lines.push(
      show`Their tokens are in ${bare(kept)} that only you can read, below ${bare(edit.loaded.config.dataDir)}.`,
    );
  lines.push(show`What was there is sealed in ${bare(done.backup)}; gateward import --undo puts it back.`);
  lines.push(
    sealHint({
      file: edit.file,
      isGiven: options.config !== undefined,
      configFile: environment.configFile,
      url: target.url,
      gateways: gatewaysOf(edit.loaded.config),
    }),
    show`Start the gateway with gateward serve; one that runs with this file takes the change up within seconds.`,
  );
  return lines;
}
