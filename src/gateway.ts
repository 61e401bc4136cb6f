import { setTimeout as sleep } from 'node:timers/promises';
import type { Handle } from './call.ts';
import type { Config, Environment, LoadedConfig, UpstreamConfig } from './config/types.ts';
import { type HttpDoor, startHttpDoor } from './doors/http.ts';
import type { HttpDoorSettings } from './doors/http-settings.ts';
import { Ticker } from './doors/ticker.ts';
import { GatewardError } from './errors.ts';
import { compareConfigs } from './gateway/compare-configs.ts';
import { createGeneration, type Generation, type GenerationParts } from './gateway/generation.ts';
import { guardTask } from './gateway/guard-task.ts';
import { type Launches, openLaunches } from './gateway/launches.ts';
import { createLegacyDoors, type LegacyDoors } from './gateway/legacy-doors.ts';
import { type OpenCallers, openCallers } from './gateway/open-callers.ts';
import { type OpenReplicas, openReplicas } from './gateway/open-replicas.ts';
import { openShared } from './gateway/open-shared.ts';
import { openTasks } from './gateway/open-tasks.ts';
import { createPages } from './gateway/pages.ts';
import { prepareData } from './gateway/prepare-data.ts';
import {
  describeServers,
  type GatewayStatus,
  type ReloadReport,
  type UpstreamState,
  type UpstreamStatus,
} from './gateway/status.ts';
import { upstreamDeps } from './gateway/upstream-deps.ts';
import type { ServedUpstream } from './gateway/upstream-set.ts';
import { ApprovalBook } from './guard/approvals/approval-book.ts';
import { createApprovalOperations } from './guard/approvals/operate-approvals.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import type { Log } from './lib/log.ts';
import { createSeal, type Seal } from './lib/seal.ts';
import type { Handlers } from './pipeline.ts';
import type { Door } from './steps/step.ts';
import type { WorkerPort } from './store/bus/worker-bus.ts';
import type { OpenFleet } from './store/fleet/open-fleet.ts';
import type { Tasks } from './task/tasks.ts';
import { hideSecrets } from './telemetry/hide-secrets.ts';
import { createMetrics, type Metrics } from './telemetry/metrics.ts';
import { createUpstreamOf } from './upstream/create-upstream.ts';
import { createProcessGroups } from './upstream/stdio/stdio-process.ts';

/** What a gateway is made of. */
export interface GatewayOptions {
  readonly loaded: LoadedConfig;
  /** Reads the configuration again, for a reload. */
  readonly load: () => Promise<LoadedConfig>;
  readonly environment: Environment;
  readonly log: Log;
  readonly version: string;
  /** The way to the other processes on this port; absent in a process that is alone. */
  readonly workers?: WorkerPort | undefined;
  /** The time of tasks and of an embedded store; the machine's unless given. */
  readonly clock?: Clock | undefined;
}

/** A gateway: start it once, stop it once. */
export interface Gateway {
  /** Opens the door. Throws DATA_FOLDER_UNUSABLE, SECRET_INVALID, STORE_UNAVAILABLE, STORE_TOO_NEW or LISTEN_FAILED. */
  start(): Promise<{ readonly url: string; readonly port: number }>;
  /**
   * Takes no new requests, closes listens by a proper response, lets calls finish within `stop.graceMs`, and ends every
   * connection and process.
   */
  stop(): Promise<void>;
  /** Puts a new configuration in force without dropping a call. Throws CONFIG_INVALID and then changes nothing. */
  reload(): Promise<ReloadReport>;
  status(): GatewayStatus;
}

/** Puts a gateway together: the only place where the parts of different folders meet. */
export function createGateway(options: GatewayOptions): Gateway {
  let opening: Promise<OpenGateway> | undefined;
  let open: OpenGateway | undefined;
  const running = (): OpenGateway => {
    if (open === undefined) throw new TypeError('The gateway is not started.');
    return open;
  };
  return {
    async start() {
      if (opening !== undefined) throw new TypeError('A gateway is started once.');
      opening = openGateway(options);
      open = await opening;
      return { url: open.url, port: open.port };
    },
    async stop() {
      const opened = await opening?.catch(() => undefined);
      await opened?.stop();
    },
    reload: () => running().reload(),
    status: () => running().status(),
  };
}

async function openGateway(options: GatewayOptions): Promise<OpenGateway> {
  const { config } = options.loaded;
  const { adminKey, secrets } = await prepareData(config, options.environment);
  const seal = createSeal(...secrets);
  const fleet = await openShared(config, {
    seal,
    log: options.log,
    workers: options.workers,
    clock: options.clock,
  });
  const callers = openCallers(config.auth, fleet);
  const gateway = new OpenGateway(options, { seal, adminKey, fleet, callers });
  await gateway.listen(config);
  return gateway;
}

/** What a gateway has before its parts are made. */
interface Foundation {
  readonly seal: Seal;
  readonly adminKey: string;
  readonly fleet: OpenFleet;
  readonly callers: OpenCallers;
}

class OpenGateway {
  readonly #options: GatewayOptions;
  readonly #adminKey: string;
  readonly #fleet: OpenFleet;
  readonly #replicas: OpenReplicas;
  readonly #callers: OpenCallers;
  readonly #parts: GenerationParts;
  readonly #handlers: Handlers;
  readonly #legacy: LegacyDoors;
  /** One coarse timer for every request and stream of both eras. */
  readonly #ticker = new Ticker();
  readonly #groups = createProcessGroups();
  readonly #metrics: Metrics;
  readonly #tasks: Tasks;
  readonly #approvals: ApprovalBook;
  readonly #launches: Launches;
  readonly #startedAt = new Date().toISOString();
  #current: Generation;
  /** What is in force, or is put in force just now. */
  #config: Config;
  #secrets: readonly string[];
  /** The configuration's files, among them those that hold secrets. */
  #files: readonly string[];
  #door: HttpDoor | undefined;
  /** Upstreams that a reload took out of service, as long as they finish their calls. */
  readonly #retiring = new Map<ServedUpstream, Promise<void>>();
  #stopping: Promise<void> | undefined;
  #lastReload: ReloadReport | undefined;
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(options: GatewayOptions, { seal, adminKey, fleet, callers }: Foundation) {
    const { loaded, log, version } = options;
    this.#options = options;
    this.#adminKey = adminKey;
    this.#fleet = fleet;
    this.#callers = callers;
    this.#config = loaded.config;
    this.#secrets = loaded.secrets;
    this.#files = loaded.files;
    this.#metrics = createMetrics(version);
    const now = (): number => performance.now();
    this.#approvals = new ApprovalBook({
      table: fleet.store.approvals,
      feed: fleet.feed,
      clock: options.clock ?? systemClock,
      log,
    });
    this.#approvals.onChange((name) => this.#reconsider(name));
    this.#replicas = openReplicas({
      fleet,
      upstream: (name) => this.#current.upstreams.get(name),
      sessions: {
        describe: (session) => this.#legacy.remote.describe(session),
        find: (description) => this.#legacy.remote.find(description),
      },
      log,
    });
    this.#launches = this.#openLaunches(options);
    const deps = upstreamDeps({
      replicas: this.#replicas,
      authorizeLaunch: this.#launches.authorize,
      groups: this.#groups,
      seal,
      log,
      version,
      now,
      catalog: () => this.#current.catalog,
      source: (name) => this.#current.upstreams.get(name),
      screen: (...told) => this.#current.results.message(...told),
    });
    const createUpstream = (config: UpstreamConfig) => createUpstreamOf(config, deps);
    // Doors keep their handlers for life; which generation answers is looked up with each request.
    const handle =
      (door: Door): Handle =>
      (inbound) =>
        this.#current.handlers[door](inbound);
    this.#handlers = { LH: handle('LH'), MH: handle('MH'), SE: handle('SE'), TK: handle('TK') };
    this.#tasks = openTasks({
      fleet,
      seal,
      log,
      clock: options.clock ?? systemClock,
      metrics: this.#metrics,
      config: () => this.#current.config,
      upstream: (name) => this.#current.upstreams.get(name),
      guarded: (told) => guardTask(told, this.#current),
      attempt: this.#handlers.TK,
    });
    this.#parts = {
      callers,
      seal,
      log,
      version,
      now,
      createUpstream,
      tasks: this.#tasks,
      approvals: this.#approvals,
    };
    this.#current = createGeneration(loaded.config, new Map(), this.#parts);
    this.#legacy = createLegacyDoors({
      handlers: this.#handlers,
      callers,
      seal,
      fleet,
      limits: loaded.config.limits,
      ticker: this.#ticker,
    });
  }

  #openLaunches({ environment, log }: GatewayOptions): Launches {
    return openLaunches({
      config: () => this.#config,
      files: () => this.#files,
      approvals: this.#approvals,
      groups: this.#groups,
      environment,
      log,
    });
  }

  get url(): string {
    return this.#current.config.publicUrl ?? this.#door?.url ?? '';
  }

  get port(): number {
    return this.#door?.port ?? 0;
  }

  async listen(config: Config): Promise<void> {
    process.on('exit', this.#groups.killAll);
    try {
      this.#door = await startHttpDoor({
        listen: { ...config.listen, tls: config.listen.tls },
        settings: this.#settings(),
        doors: {
          authenticate: this.#callers.authenticate,
          modern: this.#handlers.MH,
          legacy: this.#legacy.http,
          sse: this.#legacy.sse,
        },
        log: this.#options.log,
        ticker: this.#ticker,
        maxQueuedBytes: config.limits.maxQueuedBytesPerStream,
      });
      this.#tasks.start();
    } catch (thrown) {
      await this.#end();
      throw thrown;
    }
  }

  status(): GatewayStatus {
    const { config, upstreams } = this.#current;
    return {
      url: this.url,
      version: this.#options.version,
      startedAt: this.#startedAt,
      configFile: config.file,
      lastReload: this.#lastReload,
      upstreams: [...upstreams.values()].map((upstream) => this.#describe(upstream.status())),
      servers: describeServers(config.servers, this.url),
    };
  }

  /** Arguments of a command may hold what was substituted. */
  #describe(state: UpstreamState): UpstreamStatus {
    const held = this.#current.countHeld(state.name);
    return { ...state, target: hideSecrets(state.target, this.#secrets), held };
  }

  /** One after another, since each compares itself with the one before. */
  reload(): Promise<ReloadReport> {
    const done = this.#reloading.then(() => this.#reload());
    this.#reloading = done.catch(() => undefined);
    return done;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { delayMs, graceMs } = this.#current.config.stop;
    // Load balancers read in /readyz that they should look elsewhere.
    if (delayMs > 0) await sleep(delayMs);
    this.#current.end();
    this.#legacy.drain();
    await Promise.all([this.#door?.stop(graceMs), this.#replicas.drain(graceMs), this.#tasks.stop(graceMs)]);
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#current.end();
    await this.#tasks.stop(0);
    await this.#legacy.close();
    this.#replicas.close();
    this.#ticker.stop();
    const upstreams = [...this.#current.upstreams.values(), ...this.#retiring.keys()];
    await Promise.all([...upstreams.map((upstream) => upstream.retire(0)), ...this.#retiring.values()]);
    await this.#launches.close();
    this.#callers.close();
    this.#approvals.close();
    await this.#fleet.close();
    process.off('exit', this.#groups.killAll);
  }

  async #reload(): Promise<ReloadReport> {
    const next = await this.#options.load();
    if (this.#stopping !== undefined) throw new GatewardError('STOPPING');
    const before = this.#current;
    const difference = compareConfigs(before.config, next.config);
    this.#config = next.config;
    this.#current = createGeneration(next.config, before.upstreams, this.#parts);
    this.#secrets = next.secrets;
    this.#files = next.files;
    this.#door?.update(this.#settings());
    before.end();
    for (const [name, upstream] of before.upstreams) {
      if (this.#current.upstreams.get(name) === upstream) {
        this.#reconsider(name);
        continue;
      }
      this.#retiring.set(upstream, this.#retire(upstream));
    }
    this.#lastReload = { at: new Date().toISOString(), ...difference, warnings: next.warnings };
    return this.#lastReload;
  }

  /** Approvals or rules for launches are others: what they kept down may start, and what they let run may have to end. */
  #reconsider(name: string): void {
    this.#current.upstreams.get(name)?.retry();
    void this.#launches.reconsider(name);
  }

  /** Lets an upstream that no configuration names any more finish its calls. */
  async #retire(upstream: ServedUpstream): Promise<void> {
    try {
      await upstream.retire(upstream.config.maxTimeoutMs);
    } catch (thrown) {
      this.#options.log.warn('an upstream did not end cleanly', { upstream: upstream.name, thrown });
    } finally {
      this.#retiring.delete(upstream);
    }
  }

  /** What the listener may be told anew while it runs. */
  #settings(): HttpDoorSettings {
    const { config } = this.#current;
    const pages = createPages(this.#current, {
      adminKey: this.#adminKey,
      log: this.#options.log,
      stopping: () => this.#stopping !== undefined,
      status: () => this.status(),
      reload: () => this.reload(),
      tasks: this.#tasks.operations,
      approvals: createApprovalOperations({
        table: this.#fleet.store.approvals,
        announce: (upstream) => this.#fleet.feed.announce('approval', upstream),
      }),
      metrics: this.#metrics,
    });
    return { ...config.listen, servers: config.servers, publicUrl: config.publicUrl, pages };
  }
}
