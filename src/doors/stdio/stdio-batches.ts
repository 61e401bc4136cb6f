import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Message } from '../../wire/message.ts';

/** The one revision that has batches (2025-03-26 basic §Batching). */
const BATCH_VERSION = '2025-03-26';
const MAX_ITEMS = 1_000;

interface Batch {
  readonly waiting: Set<string>;
  readonly answers: JsonText[];
}

/** Keeps the answers to a batch together: they are written as one array once the last has come. */
export class StdioBatches {
  readonly #byId = new Map<string, Batch>();

  /** Why an array is refused; undefined if it is taken. */
  refusal(version: string | undefined, messages: readonly Message[]): GatewardError | undefined {
    const refuse = (detail: string): GatewardError => new GatewardError('INVALID_REQUEST', { detail });
    if (version !== BATCH_VERSION) return refuse('This revision takes one message a line, not an array.');
    if (messages.length > MAX_ITEMS) return refuse(`An array has at most ${MAX_ITEMS} messages.`);
    if (messages.some(({ kind }) => kind === 'invalid'))
      return refuse('One message of the array is invalid.');
    const ids = messages.flatMap((message) => (message.kind === 'request' ? [message.id] : []));
    if (new Set(ids).size < ids.length) return refuse('Two requests of the array have one id.');
    const initializes = messages.some((one) => one.kind === 'request' && one.method === 'initialize');
    return initializes ? refuse('initialize stands alone.') : undefined;
  }

  /** Waits for the answers to these raw ids. */
  start(ids: readonly string[]): void {
    const batch: Batch = { waiting: new Set(ids), answers: [] };
    for (const id of ids) this.#byId.set(id, batch);
  }

  /** What is to be written when this message is: itself, the whole batch that it completes, or nothing yet. */
  take(message: JsonText): JsonText | undefined {
    const id = message.get('method') === undefined ? message.get('id')?.text : undefined;
    const batch = id === undefined ? undefined : this.#byId.get(id);
    if (id === undefined || batch === undefined) return message;
    batch.answers.push(message);
    return this.#settle(id, batch);
  }

  /** No answer will come: what is to be written now, if that was the last one. */
  drop(id: string): JsonText | undefined {
    const batch = this.#byId.get(id);
    return batch === undefined ? undefined : this.#settle(id, batch);
  }

  #settle(id: string, { waiting, answers }: Batch): JsonText | undefined {
    this.#byId.delete(id);
    waiting.delete(id);
    if (waiting.size > 0 || answers.length === 0) return undefined;
    return JsonText.written(`[${answers.map(({ text }) => text).join(',')}]`);
  }
}
