import type { Seal } from '../lib/seal.ts';
import type { Holding } from '../store/holding.ts';
import type {
  AddedEvents,
  EventBounds,
  StreamAnswer,
  StreamEvent,
  StreamKey,
  StreamRow,
  StreamTable,
} from '../store/store.ts';

/** What was sent on a stream after some event. */
export interface LoggedTail {
  /** In their order, the first one following the event asked for. */
  readonly events: readonly StreamEvent[];
  /** The stream has ended: nothing follows these events. */
  readonly ended: boolean;
}

/**
 * The streams of legacy sessions, so that any replica can resume one by `Last-Event-ID` (2025-11-25 basic/transports
 * §Resumability), take its answers, and go on with it when its holder dies. The store sees nothing of what was said.
 * Methods do what those of `StreamTable` do, and throw STORE_UNAVAILABLE.
 */
export interface StreamLog extends Omit<StreamTable, 'append' | 'finish' | 'after'> {
  append(key: StreamKey, by: Holding, added: Omit<AddedEvents, 'bounds'>): Promise<boolean>;
  finish(key: StreamKey, by: Holding): Promise<boolean>;
  after(key: StreamKey, number: number): Promise<LoggedTail | undefined>;
}

/** What a log is made of. */
export interface StreamLogOptions {
  readonly streams: StreamTable;
  readonly seal: Seal;
  /** Bytes of events of all streams. */
  readonly maxBytes: number;
  /** Milliseconds that an event is kept, and a finished stream known. */
  readonly maxAgeMs: number;
}

const EVENT_USE = 'legacy-event';
const WORK_USE = 'legacy-work';
const ANSWER_USE = 'legacy-answer';
/** One stream gets at most this part of the log, so that a talkative one does not push out all others. */
const PARTS = 8;

/** Seals what the store keeps of streams. What was moved to another place there does not open. */
export function createStreamLog({ streams, seal, maxBytes, maxAgeMs }: StreamLogOptions): StreamLog {
  const bounds: EventBounds = { maxAgeMs, maxBytes: Math.floor(maxBytes / PARTS) };
  const openRow = (row: StreamRow): StreamRow => ({
    ...row,
    work:
      row.work === undefined ? undefined : openAt(seal, row.work, { place: nameOf(row.key), use: WORK_USE }),
  });
  const workOf = (key: StreamKey, work: Buffer): Buffer =>
    sealAt(seal, work, { place: nameOf(key), use: WORK_USE });
  const withWork = <T extends Pick<StreamRow, 'work'>>(key: StreamKey, opens: T): T =>
    opens.work === undefined ? opens : { ...opens, work: workOf(key, opens.work) };
  return {
    open: (opens) => streams.open(withWork(opens.key, opens)),
    saveWork: (key, by, work) => streams.saveWork(key, by, workOf(key, work)),
    append: (key, by, { events, opens, ends }) => {
      const sealed = events.map(({ number, data }) => ({
        number,
        data: sealAt(seal, data, eventAt(key, number)),
      }));
      return streams.append(key, by, { events: sealed, bounds, opens: opens && withWork(key, opens), ends });
    },
    finish: (key, by) => streams.finish(key, by, bounds),
    read: async (key) => {
      const row = await streams.read(key);
      return row && openRow(row);
    },
    ofSession: async (session) => (await streams.ofSession(session)).map(openRow),
    after: async (key, number) => {
      const tail = await streams.after(key, number);
      if (tail === undefined) return undefined;
      const events: StreamEvent[] = [];
      for (const event of tail.events) {
        const data = openAt(seal, event.data, eventAt(key, event.number));
        if (data === undefined) return undefined;
        events.push({ number: event.number, data });
      }
      return { events, ended: tail.ended };
    },
    claim: async (key, from, holder) => {
      const row = await streams.claim(key, from, holder);
      return row && openRow(row);
    },
    answer: (key, { question, body }) =>
      streams.answer(key, { question, body: sealAt(seal, body, answerAt(key, question)) }),
    answers: async (key) => {
      const answers: StreamAnswer[] = [];
      for (const { question, body } of await streams.answers(key)) {
        const opened = openAt(seal, body, answerAt(key, question));
        if (opened !== undefined) answers.push({ question, body: opened });
      }
      return answers;
    },
    orphans: async (max) => (await streams.orphans(max)).map(openRow),
  };
}

/** Where something is kept, and as what. */
interface Place {
  readonly place: string;
  readonly use: string;
}

function sealAt(seal: Seal, plain: Buffer, { place, use }: Place): Buffer {
  return seal.sealBytes(Buffer.concat([Buffer.from(`${place}\n`), plain]), use);
}

function openAt(seal: Seal, sealed: Buffer, { place, use }: Place): Buffer | undefined {
  const plain = seal.openBytes(sealed, use);
  const head = Buffer.from(`${place}\n`);
  return plain?.subarray(0, head.length).equals(head) === true ? plain.subarray(head.length) : undefined;
}

function eventAt(key: StreamKey, number: number): Place {
  return { place: `${nameOf(key)}/${number}`, use: EVENT_USE };
}

function answerAt(key: StreamKey, question: string): Place {
  return { place: `${nameOf(key)}/${question}`, use: ANSWER_USE };
}

function nameOf({ session, stream }: StreamKey): string {
  return `${session}/${stream}`;
}
