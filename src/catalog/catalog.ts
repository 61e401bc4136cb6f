import { OPERATOR, type Outcome } from '../call.ts';
import { type Inspector, NO_INSPECTOR } from '../inspector.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Log } from '../lib/log.ts';
import type { Seal } from '../lib/seal.ts';
import { type AnswerListen, createAnswerListen, type Screen } from './answer-listen.ts';
import { Boundary, type Crossing } from './boundary.ts';
import { Definitions } from './definitions.ts';
import { Discoveries } from './discoveries.ts';
import { HeldUris } from './held-uri.ts';
import { createHoldBack } from './hold-back.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import type { ChangeEvent } from './listen-filter.ts';
import { ListenHub } from './listen-hub.ts';
import { Listings } from './listings.ts';
import { createMergedServer } from './merged-server.ts';
import { ResultCache } from './result-cache.ts';
import { type SelectedSource, type Selection, selectFrom } from './select.ts';
import { type AnnouncedServer, type PublicDocument, writeAiCatalog, writeCard } from './server-card.ts';
import type { Catalog, ServerView, Source } from './server-view.ts';
import { SessionHolds } from './session-holds.ts';
import { createSingleServer } from './single-server.ts';
import type { TaskFeed } from './task-feed.ts';

/** A server as the configuration describes it. */
export interface ServerPlan extends AnnouncedServer {
  readonly sources: readonly (Selection & { readonly upstream: string })[];
  readonly single: boolean;
  readonly public: boolean;
  readonly instructions: string | undefined;
}

/** What a catalog is made of. */
export interface CatalogParts {
  readonly servers: readonly ServerPlan[];
  readonly sources: ReadonlyMap<string, Source>;
  readonly trusted: ReadonlySet<string>;
  /** Tells listens of tasks; undefined where there are none. */
  readonly tasks?: TaskFeed | undefined;
  /** Judges what upstreams say of themselves before clients see it; without one everything passes. */
  readonly inspector?: Inspector | undefined;
  /** What upstreams tell of their resources goes through it; without it everything passes. */
  readonly screen?: Screen | undefined;
  /** Gives what a server says of itself as strangers may have it; without it everything passes. */
  readonly screenDiscovered?: ((upstream: string, said: Outcome) => Outcome | Promise<Outcome>) | undefined;
  readonly seal: Seal;
  readonly log: Log;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Aborts when these servers end: their listens are closed by a proper response. */
  readonly ending: AbortSignal;
  readonly maxListens: number;
  readonly cacheBytes: number;
  /** Version of the gateway. */
  readonly version: string;
  /** Revisions that every endpoint speaks. */
  readonly versions: readonly string[];
}

/** The servers of one configuration, with what is known and kept of their upstreams. */
export interface OpenCatalog extends Catalog {
  readonly definitions: Definitions;
  readonly cache: ResultCache;
  readonly boundary: CatalogBoundary;
  /** The Server Card of a public server; undefined for any other name. */
  card(server: string, baseUrl: string): Promise<PublicDocument | undefined>;
  aiCatalog(baseUrl: string): PublicDocument;
  /** Ends what was opened on upstreams. */
  close(): void;
}

/** What is kept from clients of what upstreams offer. */
export interface CatalogBoundary {
  /** Lets a call to an upstream through, or throws; see `Boundary.check`. */
  check(crossing: Crossing): Promise<void> | undefined;
  /** What of an upstream's resources a caller may not use, for subscriptions. Never rejects. */
  heldResources(crossing: Crossing): Promise<(uri: string) => boolean>;
  /** Takes what is held out of what an upstream answered. */
  holdBack(crossing: Crossing, outcome: Outcome): Outcome | Promise<Outcome>;
  /** What may be seen of an upstream has changed: it is judged again, and clients hear of it. Never rejects. */
  rejudge(upstream: string): Promise<void>;
  /** Reads all that an upstream says of itself, so that it is judged before anybody asks. Never rejects. */
  survey(upstream: string): Promise<void>;
  /** How many things of an upstream are kept from some client. */
  countHeld(upstream: string): number;
}

/** Builds the servers of a configuration. */
export function createCatalog(parts: CatalogParts): OpenCatalog {
  const { log, now, ending, maxListens, cacheBytes, trusted, inspector = NO_INSPECTOR } = parts;
  const cache = new ResultCache({
    now,
    maxBytes: cacheBytes,
    isTrusted: (upstream) => trusted.has(upstream),
  });
  const listings: Listings = new Listings({
    now,
    log,
    inspector,
    watch: (source, kind, context) => hub.watch(source, kind, context),
    onFound: (source, kind, context) =>
      hub.tell(source, context, { kind: 'list', list: LIST_KINDS[kind].changed }),
  });
  const sessions = new SessionHolds(inspector);
  const hub = new ListenHub({
    now,
    onOwnChange: (source, session, event) => {
      for (const kind of kindsOf(event)) sessions.doubt({ source, session, kind });
    },
    onAnyChange: (source, context, event) => {
      cache.invalidate(source, event);
      for (const kind of kindsOf(event)) listings.invalidate(source, kind, context);
    },
    onReopened: (source, context) => {
      for (const kind of KINDS) {
        const isMissing = listings.peek(source, kind, context)?.stale === true;
        if (isMissing && !hub.watch(source, kind, context)) void listings.refresh(source, kind, context);
      }
    },
  });
  const discoveries = new Discoveries({ now, log, inspector });
  const boundary = createBoundary({ parts, inspector, listings, discoveries, hub, sessions });
  const answerListen = createAnswerListen({
    hub,
    tasks: parts.tasks,
    ending,
    maxListens,
    screen: parts.screen,
    heldResources: (crossing) => boundary.heldResources(crossing),
  });
  const views = new Map(
    parts.servers.map((plan) => [
      plan.name,
      createView(plan, { parts, listings, discoveries, answerListen }),
    ]),
  );
  const announced = parts.servers.filter((plan) => plan.public);

  return {
    definitions: new Definitions(listings, now),
    cache,
    boundary,
    server: (name) => views.get(name),
    heed: (source, legacy) => hub.heed(source, legacy),
    async card(name, baseUrl) {
      const server = announced.find((plan) => plan.name === name);
      if (server === undefined) return undefined;
      const [first] = server.sources;
      // Cards are for whoever asks: what they say is what the gateway itself is told.
      const source = server.single && first !== undefined ? parts.sources.get(first.upstream) : undefined;
      const said = source === undefined ? undefined : await discoveries.read(source, OPERATOR);
      const discovered = source && said && (await screenedBy(parts, source, said));
      const own = { ...server, card: { version: server.single ? undefined : parts.version, ...server.card } };
      return writeCard({ server: own, baseUrl, discovered, versions: parts.versions });
    },
    aiCatalog: (baseUrl) => writeAiCatalog(announced, baseUrl),
    close: () => hub.close(),
  };
}

/** Undefined where nothing of it may be shown. */
async function screenedBy(
  { screenDiscovered }: CatalogParts,
  { name }: Source,
  said: JsonText,
): Promise<JsonText | undefined> {
  if (screenDiscovered === undefined) return said;
  const shown = await screenDiscovered(name, { kind: 'complete', result: said });
  return shown.kind === 'complete' ? shown.result : undefined;
}

interface ViewNeeds {
  readonly parts: CatalogParts;
  readonly listings: Listings;
  readonly discoveries: Discoveries;
  readonly answerListen: AnswerListen;
}

function createView(plan: ServerPlan, { parts, ...common }: ViewNeeds): ServerView {
  const { name, title, instructions, single } = plan;
  const sources = selectSources(parts, plan);
  const [only] = sources;
  if (single && only !== undefined) {
    return createSingleServer({ name, selected: only, answerListen: common.answerListen, instructions });
  }
  const tasks = sources.some((source) => source.tasks?.any === true);
  const face = { name, title, instructions, version: parts.version, tasks };
  return createMergedServer({ ...common, face, sources, seal: parts.seal, now: parts.now });
}

interface BoundaryNeeds {
  readonly parts: CatalogParts;
  readonly inspector: Inspector;
  readonly listings: Listings;
  readonly discoveries: Discoveries;
  readonly hub: ListenHub;
  readonly sessions: SessionHolds;
}

function createBoundary(needs: BoundaryNeeds): CatalogBoundary {
  const { parts, inspector, listings, discoveries, hub, sessions } = needs;
  const common = { listings, inspector, sessions, heldUris: new HeldUris(), now: parts.now };
  const boundary = new Boundary(common);
  /** Lists that went to clients with something left out. */
  const cut = new Map<string, Set<ListKind>>();
  const holdBack = createHoldBack({
    ...common,
    onHeld: (upstream, kind) => cut.set(upstream, new Set(cut.get(upstream)).add(kind)),
  });
  return {
    check: (crossing) => boundary.check(crossing),
    heldResources: (crossing) => boundary.heldResources(crossing),
    holdBack,
    countHeld: (upstream) => listings.countHeld(upstream),
    async rejudge(upstream) {
      discoveries.forget(upstream);
      await Promise.all([listings.rejudge(upstream), sessions.rejudge(upstream)]);
      const lists = new Set([...(cut.get(upstream) ?? [])].map((kind) => LIST_KINDS[kind].changed));
      cut.delete(upstream);
      for (const list of lists) hub.tellAll(upstream, { kind: 'list', list });
    },
    async survey(upstream) {
      const source = parts.sources.get(upstream);
      if (source === undefined) return;
      await discoveries.read(source, OPERATOR);
      await Promise.all(KINDS.map((kind) => listings.read(source, kind, OPERATOR)));
    },
  };
}

function selectSources({ sources }: CatalogParts, plan: ServerPlan): SelectedSource[] {
  return plan.sources.flatMap((selection) => {
    const source = sources.get(selection.upstream);
    return source === undefined ? [] : [selectFrom(source, selection)];
  });
}

const KINDS: readonly ListKind[] = ['tools', 'prompts', 'resources', 'templates'];

function kindsOf(event: ChangeEvent): ListKind[] {
  if (event.kind === 'resource') return [];
  return KINDS.filter((kind) => LIST_KINDS[kind].changed === event.list);
}
