import type { Callers } from '../call.ts';
import { createCatalog, type OpenCatalog } from '../catalog/catalog.ts';
import type { Config } from '../config/types.ts';
import type { ApprovalBook } from '../guard/approvals/approval-book.ts';
import { createPins } from '../guard/pin/pins.ts';
import { createFlowGuard, type FlowGuard } from '../guard/result/flow-guard.ts';
import { createResultGuard, type ResultGuard } from '../guard/result/result-guard.ts';
import type { Log } from '../lib/log.ts';
import type { Seal } from '../lib/seal.ts';
import { createPipeline, type Handlers } from '../pipeline.ts';
import type { Tasks } from '../task/tasks.ts';
import { LEGACY_VERSIONS } from '../wire/legacy-revisions.ts';
import { MODERN_VERSIONS } from '../wire/versions.ts';
import { surveyUpstreams } from './survey-upstreams.ts';
import { taskOffersOf } from './task-offers.ts';
import { type CreateUpstream, type ServedUpstream, serveUpstreams } from './upstream-set.ts';

/** The first revision with Streamable HTTP, which is what the endpoints speak. */
const FIRST_STREAMABLE = '2025-03-26';

/** What every generation is made with. */
export interface GenerationParts {
  readonly callers: Callers;
  readonly seal: Seal;
  readonly log: Log;
  readonly version: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly createUpstream: CreateUpstream;
  readonly tasks: Pick<Tasks, 'run' | 'serve' | 'follow'>;
  /** What was approved of upstreams. */
  readonly approvals: ApprovalBook;
}

/** Everything that belongs to one configuration: a reload replaces it as a whole. */
export interface Generation {
  readonly config: Config;
  readonly upstreams: ReadonlyMap<string, ServedUpstream>;
  readonly catalog: OpenCatalog;
  readonly handlers: Handlers;
  /** What upstreams send goes through it. */
  readonly results: ResultGuard;
  /** What untrusted upstreams said does not go into sinks by itself. */
  readonly flow: FlowGuard;
  /** How many things of an upstream are kept from clients, its identity and instructions among them. */
  countHeld(upstream: string): number;
  /** Ends its listens by a proper response, and what it opened on upstreams for itself. */
  end(): void;
}

/** Builds what serves a configuration, with the upstreams that `before` has already. */
export function createGeneration(
  config: Config,
  before: ReadonlyMap<string, ServedUpstream>,
  parts: GenerationParts,
): Generation {
  const { callers, seal, log, version, now, createUpstream, tasks, approvals } = parts;
  const upstreams = serveUpstreams(config.upstreams, before, createUpstream);
  const offers = taskOffersOf(config.upstreams);
  const ending = new AbortController();
  const pins = createPins({ upstreams: config.upstreams, book: approvals, log });
  const results = createResultGuard(config.upstreams, log);
  const catalog = createCatalog({
    servers: config.servers.map((server) => ({
      ...server,
      sources: server.sources.map((source) => ({ ...source, tasks: offers.get(source.upstream) })),
      title: server.title,
      card: server.card,
      instructions: server.instructions,
    })),
    sources: upstreams,
    tasks,
    inspector: pins,
    screen: (upstream, notification) => results.message(upstream, notification),
    screenDiscovered: (upstream, outcome) =>
      results.outcome(upstream, { method: 'server/discover', outcome }),
    trusted: new Set(config.upstreams.filter(({ trusted }) => trusted).map(({ name }) => name)),
    seal,
    log,
    now,
    ending: ending.signal,
    maxListens: config.limits.maxListenStreams,
    cacheBytes: config.limits.cacheBytes,
    version,
    versions: [...MODERN_VERSIONS, ...LEGACY_VERSIONS.filter((revision) => revision >= FIRST_STREAMABLE)],
  });
  const flow = createFlowGuard({ upstreams: config.upstreams, seal, now });
  const handlers = createPipeline({
    callers,
    catalog,
    definitions: catalog.definitions,
    boundary: catalog.boundary,
    cache: catalog.cache,
    results,
    flow,
    tasks,
    seal,
    log,
  });
  const callOff = pins.onChange((upstream) => void catalog.boundary.rejudge(upstream));
  surveyUpstreams(pins.strict, { upstreams, boundary: catalog.boundary, ending: ending.signal });
  return {
    config,
    upstreams,
    catalog,
    handlers,
    results,
    flow,
    countHeld: (upstream) => catalog.boundary.countHeld(upstream) + pins.countHeld(upstream),
    end() {
      ending.abort();
      callOff();
      catalog.close();
    },
  };
}
