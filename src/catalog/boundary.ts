import type { AuthorizationContext, Call } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { type Hold, type Inspector, refusal, type Watchfulness } from '../inspector.ts';
import type { JsonText } from '../lib/json-text.ts';
import { collectList } from './collect-list.ts';
import { type Subject, subjectOf } from './held-subject.ts';
import type { HeldUris } from './held-uri.ts';
import type { ListKind } from './list-kinds.ts';
import type { Listing, Listings } from './listings.ts';
import { ownSession, type Source } from './server-view.ts';
import type { SessionHolds, SessionList } from './session-holds.ts';

/** A call on its way to an upstream. */
export interface Crossing {
  readonly source: Source;
  readonly call: Call;
  readonly context: AuthorizationContext;
}

/** What the boundary is made of. */
export interface BoundaryParts {
  readonly listings: Listings;
  readonly inspector: Inspector;
  readonly sessions: SessionHolds;
  readonly heldUris: HeldUris;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** A list that is read where the call will run, in a session of the client's own. */
interface OwnList extends SessionList {
  readonly source: Source;
}

interface Anew {
  readonly watch: Watchfulness;
  readonly inSession: OwnList | undefined;
}

/** What is known of a list is checked against its upstream at most this often while its things are called. */
const RECHECK_MS = 60_000;
/** A name that is not in the list that is known is looked for again at most this often. */
const MISSING_MS = 5_000;
/** Milliseconds for a list that is read for one call. */
const SESSION_MS = 15_000;

/** Where calls leave for upstreams: what is held there cannot be used, whoever knows its name. */
export class Boundary {
  readonly #parts: BoundaryParts;

  constructor(parts: BoundaryParts) {
    this.#parts = parts;
  }

  /**
   * Lets a call through or throws DEFINITION_NOT_APPROVED, UPSTREAM_NOT_APPROVED, UNKNOWN_TOOL, UNKNOWN_PROMPT or
   * UPSTREAM_UNAVAILABLE. Undefined where all is known, so that the usual call does not wait.
   */
  check(crossing: Crossing): Promise<void> | undefined {
    const { inspector } = this.#parts;
    const identity = inspector.inspectIdentity(crossing.source.name);
    if (identity instanceof Promise) {
      return identity.then((hold) => {
        refuse(hold);
        return this.#checkSubject(crossing);
      });
    }
    refuse(identity);
    return this.#checkSubject(crossing);
  }

  #checkSubject(crossing: Crossing): Promise<void> | undefined {
    const subject = subjectOf(crossing.call);
    if (subject === undefined) return undefined;
    const checked = this.#checkListed(crossing, subject);
    if (subject.kind !== 'templates' && subject.kind !== 'resources') return checked;
    const goOn = (): Promise<void> | undefined => this.#checkUri(crossing, subject);
    return checked === undefined ? goOn() : checked.then(goOn);
  }

  /** What is completed by its URI may be a resource too, and a resource may be one that only a template leads to. */
  #checkUri(crossing: Crossing, { kind, name }: Subject): Promise<void> | undefined {
    const resource = { kind: 'resources', name } as const;
    const checked = kind === 'templates' ? this.#checkListed(crossing, resource) : undefined;
    if (checked === undefined) return this.#checkCover(crossing, name);
    return checked.then(() => this.#checkCover(crossing, name));
  }

  /** A resource that no list names is not read where only templates that are held lead to it. */
  #checkCover({ source, context }: Crossing, uri: string): Promise<void> | undefined {
    const { listings, inspector, heldUris } = this.#parts;
    const { looks, strict } = inspector.watchfulness(source.name, 'templates');
    if (!looks || listings.peek(source, 'resources', context)?.byName.has(uri) === true) return undefined;
    const known = strict
      ? listings.current(source, 'templates', context)
      : listings.lastRead(source, 'templates', context);
    if (known === undefined) {
      return Promise.resolve(listings.read(source, 'templates', context)).then((listing) => {
        refuse(heldUris.findCover(listing, uri));
        if (strict && listing.stale) throw unread('templates');
      });
    }
    refuse(heldUris.findCover(known, uri));
    return undefined;
  }

  /** What of an upstream's resources a caller may not use, for subscriptions. Never rejects. */
  async heldResources({ source, call, context }: Crossing): Promise<(uri: string) => boolean> {
    const { listings, inspector, sessions, heldUris } = this.#parts;
    const read = async (kind: ListKind): Promise<Listing | undefined> =>
      inspector.watchfulness(source.name, kind).looks ? listings.read(source, kind, context) : undefined;
    const [resources, templates] = await Promise.all([read('resources'), read('templates')]);
    const session = ownSession(source, call.legacy);
    return (uri) => {
      const own = session && sessions.find({ source, session, kind: 'resources' }, uri);
      const listed = resources && heldUris.find(resources, uri);
      if (own !== undefined || listed !== undefined) return true;
      if (templates === undefined || resources?.byName.has(uri) === true) return false;
      return heldUris.findCover(templates, uri) !== undefined;
    };
  }

  #checkListed(crossing: Crossing, subject: Subject): Promise<void> | undefined {
    const { source, call, context } = crossing;
    const { kind, name } = subject;
    const { listings, inspector, sessions, now } = this.#parts;
    const watch = inspector.watchfulness(source.name, kind);
    if (!watch.looks) return undefined;
    const session = ownSession(source, call.legacy);
    const own = session && { source, session, kind };
    if (own !== undefined) refuse(sessions.find(own, name));
    const known = watch.strict
      ? listings.current(source, kind, context)
      : listings.lastRead(source, kind, context);
    // Changes that were announced where the call will run, and nowhere else.
    const isDoubted = watch.strict && own !== undefined && sessions.doubtsOf(own) > 0;
    // Whatever the mode, something may be held of a list that nobody has read yet.
    if (watch.eachCall || isDoubted || known === undefined) {
      const inSession = watch.eachCall || isDoubted ? own : undefined;
      return this.#checkAnew(crossing, subject, { watch, inSession });
    }
    if (watch.strict && known.freshUntil <= now()) {
      // Beside the call, not before it: nobody said that anything changed.
      void listings.reread(source, kind, { context, everyMs: RECHECK_MS });
    }
    refuse(this.#holdOf(known, subject));
    if (!watch.strict || this.#isKnown(crossing, subject, known)) return undefined;
    return this.#lookAgain(crossing, subject, known);
  }

  /** Reads the list before the call: nothing is known of it, or what is known may not hold any more. */
  async #checkAnew(crossing: Crossing, subject: Subject, { watch, inSession }: Anew): Promise<void> {
    const { listings } = this.#parts;
    const { source, context } = crossing;
    const { kind, name } = subject;
    if (inSession !== undefined) await this.#checkSession(inSession, name, context);
    const listing = await (watch.eachCall
      ? listings.refresh(source, kind, context)
      : listings.read(source, kind, context));
    refuse(this.#holdOf(listing, subject));
    if (!watch.strict) return;
    // What could not be read may be anything by now.
    if (listing.stale) throw unread(kind);
    if (!this.#isKnown(crossing, subject, listing)) throw unknown(kind);
  }

  /** Reads the list where the call will run: what others are shown says nothing of a session of its own. */
  async #checkSession(own: OwnList, name: string, context: AuthorizationContext): Promise<void> {
    const { inspector, sessions } = this.#parts;
    const { source, session, kind } = own;
    const doubts = sessions.doubtsOf(own);
    const signal = AbortSignal.timeout(SESSION_MS);
    const legacy = { session, refusals: new Map<string, JsonText>() };
    const { items } = await collectList({ source, kind, context, signal, legacy });
    const holds = await inspector.inspect({ upstream: source.name, kind, items, isWhole: true });
    sessions.note({ ...own, items, holds });
    sessions.settle(own, doubts);
    refuse(holds.get(name));
  }

  async #lookAgain(crossing: Crossing, subject: Subject, known: Listing): Promise<void> {
    const { source, context } = crossing;
    const again = this.#parts.listings.reread(source, subject.kind, { context, everyMs: MISSING_MS });
    const listing = (await again) ?? known;
    refuse(this.#holdOf(listing, subject));
    if (this.#isKnown(crossing, subject, listing)) return;
    throw listing.stale ? unread(subject.kind) : unknown(subject.kind);
  }

  #holdOf(listing: Listing, { kind, name }: Subject): Hold | undefined {
    return kind === 'resources' ? this.#parts.heldUris.find(listing, name) : listing.holds.get(name);
  }

  /** Lists may lack what is approved: they differ by caller and session. Resources need not be listed at all. */
  #isKnown({ source }: Crossing, { kind, name }: Subject, listing: Listing): boolean {
    if (kind === 'resources' || kind === 'templates' || listing.byName.has(name)) return true;
    return this.#parts.inspector.isApprovedName(source.name, kind, name);
  }
}

function refuse(hold: Hold | undefined): void {
  if (hold !== undefined) throw refusal(hold);
}

function unknown(kind: ListKind): GatewardError {
  return new GatewardError(kind === 'tools' ? 'UNKNOWN_TOOL' : 'UNKNOWN_PROMPT');
}

function unread(kind: ListKind): GatewardError {
  return new GatewardError('UPSTREAM_UNAVAILABLE', {
    detail: `Its list of ${kind} cannot be read, so nobody knows whether this is what was approved.`,
  });
}
