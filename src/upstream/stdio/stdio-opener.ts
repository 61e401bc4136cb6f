/** Opens upstreams that are processes. */
import type { AuthorizationContext } from '../../call.ts';
import type { StdioUpstreamConfig } from '../../config/types.ts';
import type { AuthorizeLaunch } from '../../launch-permit.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Seal } from '../../lib/seal.ts';
import { MODERN_VERSIONS } from '../../wire/versions.ts';
import type { Connector } from '../connector.ts';
import { Deadlines, withDeadlines } from '../deadline.ts';
import { repeatableBy } from '../is-repeatable.ts';
import { createLegacyConnector } from '../legacy/legacy-connector.ts';
import type { UpstreamScreen } from '../legacy/server-messages.ts';
import type { Opened, Opener } from '../opened.ts';
import { discoverThrough, serverInfoOf } from '../own-discover.ts';
import type { Replicas } from '../remote/replicas.ts';
import { probeStdio, type StdioEra } from './probe-stdio.ts';
import { RestartGate } from './restart-gate.ts';
import type { ChannelOptions } from './stdio-channel.ts';
import { createModernStdioConnector } from './stdio-modern.ts';
import type { ProcessGroups } from './stdio-process.ts';
import { createStdioTransport } from './transport-stdio.ts';

/** What opening a stdio upstream takes beside its configuration. */
export interface StdioOpenerDeps {
  /** Name and version that the gateway gives itself. */
  readonly clientInfo: { readonly name: string; readonly version: string };
  /** The context of what the gateway asks for itself. */
  readonly context: AuthorizationContext;
  /** Asked before each start of a process. */
  readonly authorizeLaunch: AuthorizeLaunch;
  /** Told when programs were ended since they may not run any more. */
  readonly onWithdrawn?: (() => void) | undefined;
  /** Where running processes are noted. */
  readonly groups: ProcessGroups;
  readonly seal: Seal;
  readonly clock: Clock;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicMs: () => number;
  readonly random: () => number;
  readonly log: Log;
  /** The other replicas; undefined where there are none. */
  readonly replicas?: Replicas | undefined;
  /** What a client's session is told by an upstream outside its calls goes through it. */
  readonly screen?: UpstreamScreen | undefined;
}

/** Milliseconds that a process has after its stdin was closed, and again after SIGTERM. */
const STOP_MS = 2_000;

/** One upstream's opener. Starts nothing before it is asked. */
export function createStdioOpener(config: StdioUpstreamConfig, deps: StdioOpenerDeps): Opener {
  return new StdioOpener(config, deps);
}

class StdioOpener implements Opener {
  readonly #config: StdioUpstreamConfig;
  readonly #deps: StdioOpenerDeps;
  readonly #gate: RestartGate;
  readonly #channel: ChannelOptions;
  readonly #deadlines: Deadlines;
  /** What the program speaks; undefined when that is to be found out. */
  #era: StdioEra | undefined;
  #version: string | undefined;

  constructor(config: StdioUpstreamConfig, deps: StdioOpenerDeps) {
    const { name, command, args, cwd, env, references, sandbox, timeoutMs, maxTimeoutMs } = config;
    const { clock, log, groups, random, monotonicMs } = deps;
    this.#config = config;
    this.#deps = deps;
    this.#gate = new RestartGate(clock, random);
    this.#deadlines = new Deadlines({ timeoutMs, maxTimeoutMs, now: monotonicMs });
    this.#channel = {
      upstream: name,
      authorize: () => deps.authorizeLaunch({ upstream: name, command, args, env, cwd, references, sandbox }),
      onWithdrawn: () => deps.onWithdrawn?.(),
      stopMs: STOP_MS,
      maxMessageBytes: config.maxResponseBytes,
      groups,
      clock,
      log,
    };
  }

  async open(signal: AbortSignal): Promise<Opened> {
    const era = this.#era ?? (await this.#findEra(signal));
    this.#era = era;
    const connector = withDeadlines(era.era === 'modern' ? this.#modern() : this.#legacy(), this.#deadlines);
    if (era.era === 'modern') this.#version = era.version;
    try {
      return await this.#ask(connector, era, signal);
    } catch (error) {
      this.#doubt();
      await connector.close();
      throw error;
    }
  }

  async check(opened: Opened, signal: AbortSignal): Promise<Opened> {
    if (this.#era === undefined) return await this.open(signal);
    try {
      const now = await this.#ask(opened.connector, this.#era, signal);
      return now.protocolVersion === opened.protocolVersion ? opened : now;
    } catch (error) {
      this.#doubt();
      throw error;
    }
  }

  async close(): Promise<void> {}

  /** A program that failed may have been silent for another reason than its era: it is found out again. */
  #doubt(): void {
    if (this.#config.era === 'auto') this.#era = undefined;
  }

  async #findEra(signal: AbortSignal): Promise<StdioEra> {
    const { era, connectTimeoutMs } = this.#config;
    const [version = ''] = MODERN_VERSIONS;
    if (era === 'legacy') return { era: 'legacy' };
    if (era === 'modern') return { era: 'modern', version };
    return await probeStdio({
      ...this.#channel,
      clientInfo: this.#deps.clientInfo,
      timeoutMs: connectTimeoutMs,
      signal,
    });
  }

  async #ask(connector: Connector, { era }: StdioEra, signal: AbortSignal): Promise<Opened> {
    const { clientInfo, context } = this.#deps;
    const discover = await discoverThrough(connector, { clientInfo, context, signal });
    return {
      connector,
      era,
      transport: 'stdio',
      protocolVersion: this.#version,
      serverInfo: serverInfoOf(discover),
    };
  }

  #modern(): Connector {
    const { process, maxProcesses } = this.#config;
    return createModernStdioConnector({
      ...this.#channel,
      sharing: process === 'shared' ? 'everyone' : 'callers',
      maxProcesses,
      admit: () => this.#gate.admit(),
      onCrash: (livedMs) => this.#gate.failed(livedMs),
      random: this.#deps.random,
    });
  }

  #legacy(): Connector {
    const { name, process, maxProcesses, connectTimeoutMs, inputTimeoutMs } = this.#config;
    const { stateless, repeatable } = this.#config;
    const { clientInfo, seal, clock, log, random, replicas, screen } = this.#deps;
    return createLegacyConnector({
      upstream: name,
      screen: screen && ((message, session) => screen(name, message, session)),
      createTransport: () =>
        createStdioTransport({
          ...this.#channel,
          onVersion: (version) => {
            this.#version = version;
          },
          onCrash: (livedMs) => this.#gate.failed(livedMs),
        }),
      sharing: process === 'shared' ? 'everyone' : 'callers',
      owned: stateless ? 'nothing' : 'all',
      replicas,
      repeatable: repeatableBy(repeatable),
      maxConnections: process === 'shared' ? 1 : maxProcesses,
      connectTimeoutMs,
      inputTimeoutMs,
      clientInfo,
      admit: () => this.#gate.admit(),
      seal,
      clock,
      log,
      random,
    });
  }
}
