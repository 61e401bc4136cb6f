import type { Clock } from '../lib/clock.ts';
import type { Holding } from '../store/holding.ts';
import type { StreamEvent, StreamKey } from '../store/store.ts';
import { isStoreGone, persist } from './persist.ts';
import type { StreamLog } from './stream-log.ts';

/** One stream that this replica holds, and how it is kept. */
export interface StreamKeeperOptions {
  readonly log: StreamLog;
  readonly clock: Clock;
  readonly key: StreamKey;
  /** This replica. */
  readonly holder: string;
  /** Raw ids of the requests that the stream answers. */
  readonly requests: readonly string[];
  /** What another replica needs to go on with them. Asked whenever it is kept. */
  readonly work: () => Buffer;
  /** Where a stream stands that was taken over; undefined for a new one. */
  readonly adopted?: { readonly epoch: number; readonly last: number } | undefined;
  /** Runs once, when the stream is another replica's by now or its session has ended. Nothing is kept any more. */
  readonly onFenced: () => void;
}

/** One event to keep. */
export interface KeptEvent {
  readonly data: Buffer;
  /** Waits much longer for a store that is gone. */
  readonly patient: boolean;
  /** Runs with its number once it is kept; undefined if the store was gone for too long. */
  readonly kept: (number: number | undefined) => void;
}

type Item =
  | { readonly kind: 'event'; readonly event: KeptEvent; readonly done: () => void }
  | { readonly kind: 'save'; readonly done: (isHeld: boolean) => void }
  | { readonly kind: 'act'; readonly run: () => void }
  | { readonly kind: 'finish' | 'leave'; readonly done: () => void };
type Events = readonly Extract<Item, { kind: 'event' }>[];
/** What goes into one write. */
interface Batch {
  /** What only needs the stream to be known, which its first events see to as well. */
  readonly before: readonly Item[];
  readonly events: Events;
  /** What follows up to the end of the stream; empty where that is not next. */
  readonly after: readonly Item[];
}
type Written = 'kept' | 'fenced' | 'gone';

/** Holds what any replica may claim. */
const NOBODY = 'nobody';
/** Milliseconds that a message waits for a store that is gone, before it leaves without having been kept. */
const MESSAGE_PATIENCE_MS = 3_000;
/** The same for what makes no sense unless it is kept, such as a question, whose answer must be kept too. */
const LONG_PATIENCE_MS = 30_000;
/** Events and bytes that are kept at a time. */
const BATCH_EVENTS = 100;
const BATCH_BYTES = 1024 * 1024;

/**
 * Keeps what happens on one stream, one thing after the other: what comes while something is being kept goes together
 * in the next write. The stream is made known with the first thing that has to be kept.
 */
export class StreamKeeper {
  readonly #options: StreamKeeperOptions;
  readonly #holding: Holding;
  readonly #queue: Item[] = [];
  #last: number;
  #isOpen: boolean;
  /** It was tried to make the stream known. */
  #mayBeKnown = false;
  #isRunning = false;
  #isFenced = false;
  /** The work has changed since it was kept. */
  #isDirty = true;
  /** The store was gone for longer than a message waits. */
  #isStoreGone = false;
  /** What was given up on may have been kept all the same, so that its number is taken. */
  #isUnsure = false;

  constructor(options: StreamKeeperOptions) {
    this.#options = options;
    this.#holding = { holder: options.holder, epoch: options.adopted?.epoch ?? 1 };
    this.#last = options.adopted?.last ?? 0;
    this.#isOpen = options.adopted !== undefined;
  }

  /** Number of the newest event that was kept. */
  get last(): number {
    return this.#last;
  }

  /** Whether the store knows the stream, so that an id of it can be given away. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isFenced(): boolean {
    return this.#isFenced;
  }

  /** Keeps an event. Resolves when that has happened, or never will. */
  add(event: KeptEvent): Promise<void> {
    return new Promise((done) => this.#enter({ kind: 'event', event, done }));
  }

  /** Keeps the work as it is by then. False if it could not: the stream may be another replica's. */
  save(): Promise<boolean> {
    this.#isDirty = true;
    return new Promise((done) => this.#enter({ kind: 'save', done }));
  }

  /** Runs once everything before was kept, or cannot be. */
  act(run: () => void): void {
    this.#enter({ kind: 'act', run });
  }

  /** Says that nothing follows. Resolves when the store knows it, or never will. */
  finish(): Promise<void> {
    return new Promise((done) => this.#enter({ kind: 'finish', done }));
  }

  /** Keeps what is under way, then gives the stream up: whoever claims it may have it. Ends as a fence does. */
  leave(): Promise<void> {
    return new Promise((done) => this.#enter({ kind: 'leave', done }));
  }

  #enter(item: Item): void {
    if (this.#isFenced) drop(item);
    else this.#queue.push(item);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // What comes in one turn of the loop is kept together.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#step();
    this.#isRunning = false;
  }

  async #step(): Promise<void> {
    const batch = this.#takeBatch();
    if (batch !== undefined) return this.#keep(batch);
    const item = this.#queue.shift();
    if (item?.kind === 'act') {
      await this.#write(async () => true, MESSAGE_PATIENCE_MS);
      item.run();
    } else if (item?.kind === 'save') item.done(await this.#save());
    else if (item !== undefined && item.kind !== 'event') {
      await (item.kind === 'leave' ? this.#leave() : this.#finish());
      item.done();
    }
  }

  /** The next events, with what goes into the same write; undefined where something else is next. */
  #takeBatch(): Batch | undefined {
    const first = this.#queue.findIndex(({ kind }) => kind === 'event');
    if (first === -1) return undefined;
    const before = this.#queue.slice(0, first);
    if (!before.every(({ kind }) => this.#goesWithFirst(kind))) return undefined;
    const events: Extract<Item, { kind: 'event' }>[] = [];
    let bytes = 0;
    for (const item of this.#queue.slice(first, first + BATCH_EVENTS)) {
      if (item.kind !== 'event' || bytes >= BATCH_BYTES) break;
      events.push(item);
      bytes += item.event.data.length;
    }
    const rest = this.#queue.slice(first + events.length);
    const next = rest.findIndex(({ kind }) => kind !== 'act');
    const after = rest[next]?.kind === 'finish' ? rest.slice(0, next + 1) : [];
    this.#queue.splice(0, first + events.length + after.length);
    return { before, events, after };
  }

  /** Work that an attempt before may have kept is not replaced by making the stream known again. */
  #goesWithFirst(kind: Item['kind']): boolean {
    return !this.#isOpen && (kind === 'act' || (kind === 'save' && !this.#mayBeKnown));
  }

  async #keep({ before, events: items, after }: Batch): Promise<void> {
    const isPatient = items.some(({ event }) => event.patient) || before.some(({ kind }) => kind === 'save');
    const append = () => this.#append(items, after.length > 0);
    const written = await this.#persist(append, isPatient ? LONG_PATIENCE_MS : MESSAGE_PATIENCE_MS);
    this.#isUnsure = written === 'gone';
    for (const item of before) {
      if (item.kind === 'act' && written !== 'fenced') item.run();
      else if (item.kind === 'save') item.done(written === 'kept');
    }
    for (const { event, done } of items) {
      if (written !== 'fenced') event.kept(written === 'kept' ? ++this.#last : undefined);
      done();
    }
    // Where it could not be said with the last events, the end waits longer for the store than they did.
    if (written === 'gone') this.#queue.unshift(...after);
    else for (const item of after) end(item, written === 'kept');
  }

  async #append(items: Events, ends: boolean): Promise<boolean> {
    const { log, key, requests, work } = this.#options;
    if (this.#isUnsure) await this.#findLast();
    const from = this.#last + 1;
    const events: StreamEvent[] = items.map(({ event }, at) => ({ number: from + at, data: event.data }));
    if (this.#isOpen) return log.append(key, this.#holding, { events, ends });
    const open = () => log.append(key, this.#holding, { events, ends, opens: { requests, work: work() } });
    const isHeld = await this.#makeKnown(open);
    this.#isOpen = true;
    return isHeld;
  }

  async #findLast(): Promise<void> {
    const row = await this.#options.log.read(this.#options.key);
    this.#last = Math.max(this.#last, row?.last ?? 0);
    this.#isUnsure = false;
  }

  async #save(): Promise<boolean> {
    const { log, key, work } = this.#options;
    const save = (): Promise<boolean> => this.#keepWork(() => log.saveWork(key, this.#holding, work()));
    return (await this.#write(save, LONG_PATIENCE_MS)) === 'kept';
  }

  async #finish(): Promise<void> {
    const { log, key } = this.#options;
    const finish = async (): Promise<boolean> => {
      await log.finish(key, this.#holding);
      return true;
    };
    if (this.#isOpen) await this.#write(finish, LONG_PATIENCE_MS);
  }

  async #leave(): Promise<void> {
    const { log, key } = this.#options;
    const leave = async (): Promise<boolean> => {
      await log.claim(key, this.#holding, NOBODY);
      return false;
    };
    if ((await this.#write(leave, MESSAGE_PATIENCE_MS)) === 'gone') this.#fence();
  }

  /** Makes the stream known if it is not, and writes. */
  #write(write: () => Promise<boolean>, giveUpMs: number): Promise<Written> {
    return this.#persist(async () => {
      if (!this.#isOpen) await this.#open();
      return write();
    }, giveUpMs);
  }

  /** Waits for a store that is gone, but not for each thing anew. */
  async #persist(attempt: () => Promise<boolean>, giveUpMs: number): Promise<Written> {
    const { clock } = this.#options;
    const isTired = this.#isStoreGone && giveUpMs < LONG_PATIENCE_MS;
    try {
      const isHeld = await persist(attempt, { clock, giveUpMs: isTired ? 0 : giveUpMs });
      this.#isStoreGone = false;
      if (!isHeld) this.#fence();
      return isHeld ? 'kept' : 'fenced';
    } catch (thrown) {
      this.#isStoreGone = isStoreGone(thrown);
      return 'gone';
    }
  }

  async #open(): Promise<void> {
    const { log, key, holder, requests, work } = this.#options;
    const open = async (): Promise<boolean> => {
      await log.open({ key, holder, requests, work: work() });
      return true;
    };
    await this.#makeKnown(open);
    this.#isOpen = true;
  }

  /** Work that an attempt before has kept is not replaced by another. */
  #makeKnown(open: () => Promise<boolean>): Promise<boolean> {
    if (this.#mayBeKnown) return open();
    this.#mayBeKnown = true;
    return this.#keepWork(open);
  }

  /** Whatever changes while the work is being kept has to be kept after that. */
  async #keepWork(write: () => Promise<boolean>): Promise<boolean> {
    if (!this.#isDirty) return true;
    this.#isDirty = false;
    try {
      return await write();
    } catch (thrown) {
      this.#isDirty = true;
      throw thrown;
    }
  }

  #fence(): void {
    if (this.#isFenced) return;
    this.#isFenced = true;
    for (const item of this.#queue.splice(0)) drop(item);
    this.#options.onFenced();
  }
}

function end(item: Item, isHeld: boolean): void {
  if (item.kind === 'act' && isHeld) item.run();
  else drop(item);
}

function drop(item: Item): void {
  if (item.kind === 'save') item.done(false);
  else if (item.kind !== 'act') item.done();
}
