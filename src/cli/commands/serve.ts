import { setTimeout as sleep } from 'node:timers/promises';
import { readEnvironment } from '../../config/env.ts';
import { loadConfig } from '../../config/load.ts';
import type { Environment, LoadedConfig } from '../../config/types.ts';
import { watchFiles } from '../../config/watch.ts';
import { prepareData } from '../../gateway/prepare-data.ts';
import { createGateway, type Gateway } from '../../gateway.ts';
import { createLog, type SettableLog } from '../../telemetry/log.ts';
import { chooseConfig } from '../choose-config.ts';
import { formatUpstream } from '../format-upstream.ts';
import { listenUrl } from '../listen-url.ts';
import { ownProgram } from '../own-program.ts';
import { formatRecipes, makeRecipes } from '../recipes.ts';
import { createReloader } from '../reloader.ts';
import { type StopSignal, watchStopSignals } from '../stop-signals.ts';
import type { Terminal } from '../terminal.ts';
import { runWorkers } from '../workers/run-workers.ts';
import { linkToFirst, type WorkerLink } from '../workers/worker-link.ts';

/** What `gateward serve` is given. */
export interface ServeOptions {
  readonly config: string | undefined;
  /** Processes that serve on one port; 1 is this process itself. */
  readonly workers: number;
  readonly version: string;
  readonly terminal: Terminal;
}

/** How long the start waits for upstreams before it says that some are still starting. */
const UPSTREAMS_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;
/** What workers get beside the times of the configuration before they are killed. */
const STOP_SPARE_MS = 5_000;

/** Runs a gateway until SIGINT or SIGTERM, and gives the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const environment = readEnvironment();
  const file = chooseConfig(options.config, environment);
  const loaded = await loadConfig({ file, env: environment });
  const log = createLog({
    config: loaded.config.log,
    secrets: loaded.secrets,
    isTerminal: process.stderr.isTTY === true,
    write: (line) => process.stderr.write(line),
  });
  const link = linkToFirst(options.terminal);
  // What workers would say, the first process has said.
  if (link === undefined) for (const warning of loaded.warnings) log.warn(warning);
  const prepared = { ...options, environment, file, loaded, log, link };
  return link !== undefined || options.workers === 1 ? serveHere(prepared) : serveByWorkers(prepared);
}

/** Runs several processes that share the port, the data folder and the store. */
async function serveByWorkers({
  workers,
  terminal,
  environment,
  loaded: { config },
  log,
}: Prepared): Promise<number> {
  // Made before there are several who would make them.
  await prepareData(config, environment);
  const { delayMs, graceMs } = config.stop;
  const stop = watchStopSignals(process);
  const stopWithinMs = delayMs + graceMs + STOP_SPARE_MS;
  const code = await runWorkers({ count: workers, terminal, log, stop, stopWithinMs });
  stop.close();
  terminal.emit({ event: 'stopped' });
  return code;
}

interface Prepared extends ServeOptions {
  readonly environment: Environment;
  readonly file: string;
  readonly loaded: LoadedConfig;
  readonly log: SettableLog;
  /** Undefined in a process that serves alone. */
  readonly link: WorkerLink | undefined;
}

async function serveHere({
  version,
  environment,
  file,
  loaded,
  log,
  link,
  ...given
}: Prepared): Promise<number> {
  const terminal = link?.terminal ?? given.terminal;
  const stop = link?.stop ?? watchStopSignals(process);
  const watch = watchFiles({ files: loaded.files, onChange: (files) => reloader.reload(files.join(', ')) });
  const load = async (): Promise<LoadedConfig> => {
    const next = await loadConfig({ file, env: environment, keysAsked: loaded.config.auth.keys });
    log.useSettings({ config: next.config.log, secrets: joinSecrets(loaded, next) });
    watch.setFiles(next.files);
    return next;
  };
  const gateway = createGateway({ loaded, load, environment, log, version, workers: link?.bus });
  const reloader = createReloader({ gateway, log, terminal });
  const onHangUp = (): void => reloader.reload('SIGHUP');
  const offReload = link?.onReload(reloader.reload);
  // A worker is told by the first process, which the same signal reaches where a terminal sent it.
  process.on('SIGHUP', link === undefined ? onHangUp : ignore);
  endOnFault(log);
  try {
    const { url, port } = await gateway.start();
    const here = listenUrl({ ...loaded.config.listen, port });
    terminal.say(`Gateward ${version} listens on ${here}${url === here ? '' : `, for clients ${url}`}\n`);
    terminal.emit({ event: 'listening', version, url, port, dataDir: loaded.config.dataDir });
    await tellUpstreams(gateway, terminal, stop);
    link?.ready();
    if (!stop.signal.aborted) tellReady(gateway, { terminal, withKey: loaded.config.auth.keys });
    const name = await stop.asked;
    log.info('stopping', { signal: name });
  } finally {
    watch.close();
    offReload?.();
    process.off('SIGHUP', onHangUp);
    await gateway.stop();
    stop.close();
  }
  if (link === undefined) terminal.emit({ event: 'stopped' });
  else process.disconnect();
  return 0;
}

/** Tells of each upstream once its state is known, for as long as a start may take. */
async function tellUpstreams(gateway: Gateway, terminal: Terminal, stop: StopSignal): Promise<void> {
  const until = Date.now() + UPSTREAMS_WITHIN_MS;
  const told = new Set<string>();
  while (!stop.signal.aborted) {
    const { upstreams } = gateway.status();
    const isLate = Date.now() >= until;
    const width = Math.max(0, ...upstreams.map(({ name }) => name.length));
    for (const upstream of upstreams) {
      if (told.has(upstream.name) || (upstream.state === 'starting' && !isLate)) continue;
      told.add(upstream.name);
      terminal.say(formatUpstream(upstream, width));
      terminal.emit({ event: 'upstream', ...upstream });
    }
    if (told.size >= upstreams.length) return;
    await sleep(LOOK_EVERY_MS);
  }
}

function tellReady(
  gateway: Gateway,
  { terminal, withKey }: { readonly terminal: Terminal; readonly withKey: boolean },
): void {
  const { servers } = gateway.status();
  const all = servers.find(({ name }) => name === 'all');
  const recipes = makeRecipes({
    url: all?.url ?? '',
    node: process.execPath,
    command: ownProgram(),
    withKey,
  });
  terminal.say(`\nServers:\n${servers.map(({ name, url }) => `  ${name.padEnd(16)} ${url}`).join('\n')}`);
  terminal.say(`\nConnect a client to all of them (or put the URL of one server in its place):`);
  terminal.say(formatRecipes(recipes));
  if (withKey) terminal.say('Each client needs a key in place of gwk_...: gateward key create --name NAME');
  terminal.say('\nStop with Ctrl-C.');
  terminal.emit({ event: 'ready', servers, recipes });
}

/** What was secret at the start stays so: it may still be in use. The longest come first. */
function joinSecrets(first: LoadedConfig, next: LoadedConfig): readonly string[] {
  return [...new Set([...first.secrets, ...next.secrets])].sort((a, b) => b.length - a.length);
}

/** A fault that nobody caught leaves nothing that can be trusted: it is said, and the process ends. */
function endOnFault(log: SettableLog): void {
  const end = (thrown: unknown): void => {
    log.error('a fault that nobody caught: the gateway ends', { thrown });
    process.exit(1);
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

function ignore(): void {}
