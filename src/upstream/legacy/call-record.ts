import { GatewardError, toGatewardError } from '../../errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Seal } from '../../lib/seal.ts';
import { Serial } from '../../lib/serial.ts';
import type { Holding } from '../../store/holding.ts';
import type { ParkedTable } from '../../store/store.ts';
import { ImageWriter, type ParkedImage } from './parked-image.ts';

/** What a parked call leaves for other replicas. Every `false` says that another one has taken the call over. */
export interface CallRecord {
  /** Whether anything is left at all. */
  readonly kept: boolean;
  /** The client is about to be asked: gives INPUT_NOT_GIVEN if there is no room, STORE_UNAVAILABLE. Never rejects. */
  park(image: ParkedImage): Promise<'kept' | 'moved' | GatewardError>;
  /** Answers are about to go to the server. Throws STORE_UNAVAILABLE. */
  sending(image: ParkedImage): Promise<boolean>;
  /** The server has them. */
  sent(): void;
  /** The call has its outcome, which is kept for so long. False too where it is not known who has it. Never rejects. */
  over(image: ParkedImage, keptMs: number): Promise<boolean>;
  /** Whether the call is still this replica's. Never rejects. */
  holds(): Promise<'held' | 'moved' | 'unknown'>;
  /** No retry will come any more. */
  forget(): void;
}

/** The record of a call that no other replica could go on with. */
export const NO_RECORD: CallRecord = {
  kept: false,
  park: async () => 'kept',
  sending: async () => true,
  sent: () => undefined,
  over: async () => true,
  holds: async () => 'held',
  forget: () => undefined,
};

/** What a row is written with. */
export interface RowOptions {
  readonly id: string;
  readonly table: ParkedTable;
  /** Own id of this replica. */
  readonly self: string;
  readonly seal: Seal;
  /** Milliseconds that a row lasts after it was written. */
  readonly ttlMs: number;
  readonly log: Log;
}

/** Rows in the whole fleet. */
const MAX_ROWS = 100_000;

/** The row of one call in the store. Writes happen one after the other, in the order in which they were asked for. */
export class CallRow implements CallRecord {
  readonly kept = true;
  readonly #options: RowOptions;
  readonly #serial = new Serial();
  readonly #writer: ImageWriter;
  /** Undefined until there may be a row. */
  #by: Holding | undefined;
  #isThere: boolean;
  /** Counts what was asked for, so that a mark which something newer replaces is not written. */
  #asked = 0;

  /** `by` is given for a row that was taken over. */
  constructor(options: RowOptions, by?: Holding) {
    this.#options = options;
    this.#writer = new ImageWriter(options.seal, options.id);
    this.#by = by;
    this.#isThere = by !== undefined;
  }

  async park(image: ParkedImage): Promise<'kept' | 'moved' | GatewardError> {
    const { ttlMs } = this.#options;
    const body = this.#writer.write(image);
    try {
      return await this.#write(async () => {
        if (!this.#isThere) return this.#put(body);
        return (await this.#saveNow({ answers: 'none', body, ttlMs })) ? 'kept' : 'moved';
      });
    } catch (error) {
      return toGatewardError(error);
    }
  }

  sending(image: ParkedImage): Promise<boolean> {
    return this.#save({ answers: 'sending', body: this.#writer.write(image), ttlMs: this.#options.ttlMs });
  }

  sent(): void {
    const asked = ++this.#asked;
    void this.#inBackground(async () => {
      if (asked === this.#asked) await this.#saveNow({ answers: 'sent', ttlMs: this.#options.ttlMs });
    });
  }

  async over(image: ParkedImage, keptMs: number): Promise<boolean> {
    this.#asked++;
    const save = () => this.#saveNow({ answers: 'sent', body: this.#writer.write(image), ttlMs: keptMs });
    return (await this.#inBackground(save)) === true;
  }

  async holds(): Promise<'held' | 'moved' | 'unknown'> {
    const saved = this.#save({ ttlMs: this.#options.ttlMs });
    return saved.then(
      (held) => (held ? 'held' : 'moved'),
      () => 'unknown',
    );
  }

  forget(): void {
    this.#asked++;
    void this.#inBackground(async () => {
      if (this.#by !== undefined) await this.#options.table.delete(this.#options.id, this.#by);
    });
  }

  async #put(body: Buffer): Promise<'kept' | GatewardError> {
    const { id, table, self, ttlMs } = this.#options;
    this.#by = { holder: self, epoch: 1 };
    this.#isThere = await table.put({ id, holder: self, body }, ttlMs, MAX_ROWS);
    return this.#isThere ? 'kept' : new GatewardError('INPUT_NOT_GIVEN');
  }

  #save(changes: Parameters<ParkedTable['save']>[2]): Promise<boolean> {
    return this.#write(() => this.#saveNow(changes));
  }

  async #saveNow(changes: Parameters<ParkedTable['save']>[2]): Promise<boolean> {
    const { table, id } = this.#options;
    return this.#by === undefined || (await table.save(id, this.#by, changes));
  }

  #write<T>(task: () => Promise<T>): Promise<T> {
    this.#asked++;
    return this.#serial.run(task);
  }

  /**
   * What goes on with the call does so first: a write of an embedded store holds up the whole process. Undefined if it
   * failed.
   */
  #inBackground<T>(task: () => Promise<T>): Promise<T | undefined> {
    const later = () => new Promise<T>((resolve) => setImmediate(() => resolve(task())));
    return this.#serial.run(later).catch((error: unknown) => {
      const { message } = toGatewardError(error);
      this.#options.log.debug('a parked call was not written down', { reason: message });
      return undefined;
    });
  }
}
