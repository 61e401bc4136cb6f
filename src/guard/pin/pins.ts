import type { UpstreamConfig } from '../../config/types.ts';
import {
  type Hold,
  type Holds,
  type Inspected,
  type Inspector,
  type Item,
  type ListedKind,
  NO_HOLDS,
  NOT_WATCHED,
  type Watchfulness,
} from '../../inspector.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { waitAtMost } from '../../lib/wait-at-most.ts';
import { type ApprovalKind, approvalId } from '../../store/approval-table.ts';
import type { ApprovalBook } from '../approvals/approval-book.ts';
import type { UpstreamMarks } from '../approvals/upstream-marks.ts';
import { compareTools } from './compare-tools.ts';
import { type DefinitionFinding, KnownDefinitions } from './known-definitions.ts';
import { NotingInTurn } from './note-in-turn.ts';
import type { Newcomer } from './note-newcomers.ts';
import { type PinnedUpstream, type PinRules, pinnedUpstream } from './pin-rules.ts';

/** What pins are made of. */
export interface PinsParts {
  readonly upstreams: readonly UpstreamConfig[];
  readonly book: Pick<ApprovalBook, 'known' | 'load' | 'see' | 'onChange'>;
  readonly log: Log;
  /** The machine's unless given. */
  readonly clock?: Clock | undefined;
}

/** The pins of one configuration. */
export interface Pins extends Inspector {
  /** Runs with the name of an upstream when its approvals have changed. The function that comes back ends that. */
  onChange(run: (upstream: string) => void): () => void;
  /** How many of its identity and its instructions are kept from clients, as they were judged last: 0 to 2. */
  countHeld(upstream: string): number;
  /** Upstreams of which nothing is seen that is not approved. */
  readonly strict: readonly string[];
}

/** Judges what upstreams say of themselves by what was approved, and by what the scan finds. */
export function createPins(parts: PinsParts): Pins {
  return new ApprovedPins(parts);
}

/** Longer lists are judged in pieces, so that calls are served in between. */
const MAX_AT_ONCE = 200;
const PIECE_MS = 5;
/** Milliseconds for which a list waits until what is new in it is noted. */
const NOTING_MS = 1_000;
const MAX_WARNED = 10_000;
/** What an upstream has one of. */
const OWN_KINDS = ['identity', 'instructions'] as const;
type OwnKind = (typeof OWN_KINDS)[number];
/** Instructions that are not there. */
const ABSENT = 'null';

interface Question {
  readonly upstream: PinnedUpstream;
  readonly kind: ApprovalKind;
  readonly rules: PinRules;
  readonly items: readonly Item[];
}

/** What of a list is not approved. */
interface Sorted {
  readonly rejected: readonly Item[];
  readonly pending: readonly Item[];
  readonly fresh: readonly Item[];
}

type Findings = (item: Item) => readonly DefinitionFinding[];

class ApprovedPins implements Pins {
  readonly strict: readonly string[];
  readonly #parts: PinsParts;
  readonly #upstreams: ReadonlyMap<string, PinnedUpstream>;
  readonly #known = new KnownDefinitions();
  readonly #noting: NotingInTurn;
  /** Upstreams whose identity may be relied on, as long as no approval of them changes. */
  readonly #sure = new Set<string>();
  /** Of each upstream the digests of its identity and its instructions that were held when they were judged last. */
  readonly #held = { identity: new Map<string, string>(), instructions: new Map<string, string>() };
  /** Digests of what was warned of. */
  readonly #warned = new Set<string>();
  /** Names of the tools that each upstream listed last. */
  readonly #tools = new Map<string, readonly string[]>();

  constructor(parts: PinsParts) {
    this.#parts = parts;
    this.#noting = new NotingInTurn({ ...parts, clock: parts.clock ?? systemClock });
    this.#upstreams = new Map(parts.upstreams.map((config) => [config.name, pinnedUpstream(config)]));
    const all = [...this.#upstreams.values()];
    this.strict = all.filter(({ identityRules }) => identityRules.strict).map(({ name }) => name);
  }

  onChange(run: (upstream: string) => void): () => void {
    return this.#parts.book.onChange((upstream) => {
      this.#sure.delete(upstream);
      if (this.#upstreams.has(upstream)) run(upstream);
    });
  }

  countHeld(upstream: string): number {
    const marks = this.#parts.book.known(upstream);
    return OWN_KINDS.filter((kind) => {
      const digest = this.#held[kind].get(upstream);
      return digest !== undefined && marks?.stateOf(kind, '', digest) !== 'approved';
    }).length;
  }

  watchfulness(upstream: string, kind: ListedKind): Watchfulness {
    return this.#upstreams.get(upstream)?.rules[kind] ?? NOT_WATCHED;
  }

  isApprovedName(upstream: string, kind: ListedKind, name: string): boolean {
    return this.#parts.book.known(upstream)?.hasApproved(kind, name) === true;
  }

  inspect({ upstream, kind, items, isWhole }: Inspected): Holds | Promise<Holds> {
    const pinned = this.#upstreams.get(upstream);
    const rules = pinned?.rules[kind];
    if (pinned === undefined || rules === undefined || !rules.looks) return NO_HOLDS;
    if (kind === 'tools' && isWhole) {
      const names = items.map(({ name }) => name);
      this.#tools.set(upstream, names);
    }
    const question = { upstream: pinned, kind, rules, items };
    return this.#isAllApproved(question) ? NO_HOLDS : this.#inspect(question);
  }

  async inspectInstructions(upstream: string, json: string | undefined): Promise<Hold | undefined> {
    const pinned = this.#upstreams.get(upstream);
    const rules = pinned?.rules.instructions;
    if (pinned === undefined || rules === undefined || !rules.looks) return undefined;
    if (json === undefined) this.#keepInMind(upstream, 'instructions', undefined);
    // What is not there needs no word, but that it was not there is remembered: what comes later is not the first.
    if (json === undefined && !(rules.notes && rules.trustsFirst)) return undefined;
    const item = { name: '', text: json ?? ABSENT };
    const question = { upstream: pinned, kind: 'instructions' as const, rules, items: [item] };
    const holds = this.#isAllApproved(question) ? NO_HOLDS : await this.#inspect(question);
    const hold = json === undefined ? undefined : holds.get('');
    this.#keepInMind(upstream, 'instructions', hold && this.#known.of(item).digest);
    return hold;
  }

  inspectIdentity(upstream: string): Hold | undefined | Promise<Hold | undefined> {
    if (this.#sure.has(upstream)) return undefined;
    const pinned = this.#upstreams.get(upstream);
    if (pinned === undefined || !pinned.identityRules.notes) return undefined;
    const judged = this.#judgeIdentity(pinned);
    return pinned.identityRules.strict ? judged : undefined;
  }

  async #judgeIdentity(upstream: PinnedUpstream): Promise<Hold | undefined> {
    const { name, identity, identityRules: rules } = upstream;
    if (!rules.strict) this.#sure.add(name);
    const items = [{ name: '', text: identity.body }];
    const hold = (await this.#inspect({ upstream, kind: 'identity', rules, items })).get('');
    this.#keepInMind(name, 'identity', rules.strict && hold !== undefined ? identity.digest : undefined);
    if (hold === undefined && this.#isApproved(upstream, 'identity', identity.digest)) this.#sure.add(name);
    return hold;
  }

  #keepInMind(upstream: string, kind: OwnKind, held: string | undefined): void {
    if (held === undefined) this.#held[kind].delete(upstream);
    else this.#held[kind].set(upstream, held);
  }

  #isApproved({ name }: PinnedUpstream, kind: ApprovalKind, digest: string): boolean {
    return this.#parts.book.known(name)?.stateOf(kind, '', digest) === 'approved';
  }

  /** The usual case, without a promise: every item is approved. */
  #isAllApproved({ upstream, kind, rules, items }: Question): boolean {
    const marks = this.#parts.book.known(upstream.name);
    if (marks === undefined || items.length === 0 || items.length > MAX_AT_ONCE) return false;
    if (rules.strict && !this.#sure.has(upstream.name)) return false;
    return items.every((item) => marks.stateOf(kind, item.name, this.#known.of(item).digest) === 'approved');
  }

  async #inspect(question: Question): Promise<Holds> {
    const { upstream, kind, rules, items } = question;
    const marks = await this.#marksOf(upstream.name);
    const sorted = await this.#sort(question, marks);
    const findingsOf = await this.#scan(question, sorted);
    const isBlocked = (item: Item): boolean =>
      rules.scan === 'block' && findingsOf(item).some(({ severity }) => severity === 'block');
    const isHeld = (item: Item): boolean => rules.strict || isBlocked(item);
    const isFirstSight = rules.notes && rules.trustsFirst && marks?.hasApproved(kind) === false;
    if (rules.scan === 'warn') this.#warn(question, sorted.fresh, findingsOf);
    const toNote = sorted.fresh.filter((item) => rules.notes || isBlocked(item));
    const newcomers = toNote.map(
      (item): Newcomer => ({
        item,
        digest: this.#known.of(item).digest,
        findings: findingsOf(item),
        isTrusted: isFirstSight && !isBlocked(item),
        isChange: marks?.hasApproved(kind, item.name) === true,
      }),
    );
    const noted = { upstream: upstream.name, kind, newcomers, isFirstSight };
    // A store that is slow must not hold up calls of what is approved: a later word of it is heard as a change.
    const states =
      newcomers.length > 0 || isFirstSight
        ? ((await waitAtMost(this.#noting.note(noted), NOTING_MS)) ?? [])
        : [];
    const stateOf = new Map(toNote.map((item, index) => [item, states[index]]));
    const held = [
      ...sorted.rejected.filter((item) => rules.notes || isBlocked(item)),
      ...sorted.pending.filter(isHeld),
      ...sorted.fresh.filter((item) => {
        const state = stateOf.get(item);
        return state === 'rejected' || (state !== 'approved' && isHeld(item));
      }),
    ];
    const all = kind !== 'identity' && rules.strict ? await this.inspectIdentity(upstream.name) : undefined;
    if (all !== undefined) return new Map(items.map(({ name }) => [name, all]));
    return new Map(held.map((item) => [item.name, this.#holdOf(upstream, kind, item)]));
  }

  #holdOf({ name: upstream }: PinnedUpstream, kind: ApprovalKind, item: Item): Hold {
    const { book } = this.#parts;
    const { name } = item;
    const { digest } = this.#known.of(item);
    return {
      code: kind === 'identity' ? 'UPSTREAM_NOT_APPROVED' : 'DEFINITION_NOT_APPROVED',
      id: approvalId({ upstream, kind, name, digest }),
      rejectedAt: () =>
        book.known(upstream)?.stateOf(kind, name, digest) === 'rejected' ? upstream : undefined,
    };
  }

  /** Undefined while the store is away and nothing is known: then nothing is known to be approved. */
  async #marksOf(upstream: string): Promise<UpstreamMarks | undefined> {
    const { book, log } = this.#parts;
    const known = book.known(upstream);
    if (known !== undefined) return known;
    try {
      return await book.load(upstream);
    } catch (thrown) {
      log.warn('the approvals of an upstream cannot be read', { upstream, thrown });
      return undefined;
    }
  }

  async #sort({ kind, items }: Question, marks: UpstreamMarks | undefined): Promise<Sorted> {
    const sorted = { rejected: [] as Item[], pending: [] as Item[], fresh: [] as Item[] };
    const pause = pauser();
    for (const item of items) {
      const state = marks?.stateOf(kind, item.name, this.#known.of(item).digest);
      if (state === undefined) sorted.fresh.push(item);
      else if (state !== 'approved') sorted[state].push(item);
      await pause();
    }
    return sorted;
  }

  /** What would be held if findings held anything is said once. */
  #warn({ upstream, kind }: Question, fresh: readonly Item[], findingsOf: Findings): void {
    for (const item of fresh) {
      const grave = findingsOf(item).filter(({ severity }) => severity === 'block');
      const { digest } = this.#known.of(item);
      if (grave.length === 0 || this.#warned.has(digest)) continue;
      if (this.#warned.size >= MAX_WARNED) this.#warned.clear();
      this.#warned.add(digest);
      const rules = [...new Set(grave.map(({ rule }) => rule))];
      const about = { upstream: upstream.name, kind, name: item.name, rules };
      this.#parts.log.warn('the scan found something in what an upstream offers', about);
    }
  }

  /** What the scan says of all that is not decided. */
  async #scan({ upstream, kind, rules, items }: Question, sorted: Sorted): Promise<Findings> {
    if (rules.scan === 'off') return () => [];
    const open = [...sorted.fresh, ...(rules.strict ? [] : sorted.pending)];
    const pause = pauser();
    for (const item of open) {
      this.#known.scan(item);
      await pause();
    }
    if (kind !== 'tools' || open.length === 0) return (item) => this.#known.scan(item);
    const isOpen = new Set(open);
    const names = compareTools({
      upstream: upstream.name,
      items: open,
      settled: items.filter((item) => !isOpen.has(item)).map(({ name }) => name),
      others: [...this.#tools]
        .filter(([name]) => name !== upstream.name)
        .map(([name, tools]) => ({ upstream: name, names: tools })),
    });
    return (item) => [...this.#known.scan(item), ...(names.get(item.name) ?? [])];
  }
}

/** Gives way to other work once in a while. */
function pauser(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < PIECE_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        since = performance.now();
        resolve();
      });
    });
  };
}
