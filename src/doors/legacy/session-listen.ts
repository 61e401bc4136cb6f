import { randomBytes } from 'node:crypto';
import type { Notify, Outcome } from '../../call.ts';
import { backoffMs } from '../../lib/backoff.ts';
import type { Clock } from '../../lib/clock.ts';
import { JsonText } from '../../lib/json-text.ts';
import { writeNotification } from '../../wire/message.ts';

/** One listen call of a session. */
export interface ListenCall {
  /** Raw text of the id. */
  readonly id: string;
  /** `params.notifications` */
  readonly filter: JsonText;
  readonly signal: AbortSignal;
  readonly notify: Notify;
}

/** How the changes of one session are asked for and where they go. */
export interface SessionListenOptions {
  /** Makes the call; it lasts as long as the listen does. */
  readonly call: (listen: ListenCall) => Promise<Outcome>;
  /** Takes each change, in modern words. */
  readonly deliver: Notify;
  readonly clock: Clock;
}

/** What opening a listen gave: the filter that the server acknowledged, or how it ended instead. */
export type Opened =
  | { readonly kind: 'acknowledged'; readonly filter: ListenFilter }
  | { readonly kind: 'ended'; readonly outcome: Outcome };

/** What a listen hears of, kept small: sessions hold it for hours. */
export interface ListenFilter {
  /** The notifications of list changes. */
  readonly lists: readonly string[];
  readonly uris: readonly string[];
}

interface Listening {
  readonly opened: Promise<Opened>;
  readonly controller: AbortController;
  /** Set once it is over. */
  outcome: Outcome | undefined;
}

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const RETRY = { firstMs: 1000, maxMs: 30_000, random: Math.random };
const METHOD_NOT_FOUND = '-32601';
const LISTS = [
  ['toolsListChanged', 'notifications/tools/list_changed'],
  ['promptsListChanged', 'notifications/prompts/list_changed'],
  ['resourcesListChanged', 'notifications/resources/list_changed'],
] as const;
const ALL_LISTS = LISTS.map(([, method]) => method);

/**
 * The changes that one legacy session hears of: list changes and the resources that it subscribed to, through one
 * `subscriptions/listen` call inside. It is opened again when it ends by itself, and changes that may have been missed
 * meanwhile are made up.
 */
export class SessionListen {
  readonly #options: SessionListenOptions;
  #current: Listening | undefined;
  #opening: Listening | undefined;
  #filter: ListenFilter | undefined;
  #uris: readonly string[] = [];
  #failures = 0;
  #callOff: (() => void) | undefined;

  constructor(options: SessionListenOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return (this.#current ?? this.#opening ?? this.#callOff) !== undefined;
  }

  /** What it was last opened for. */
  get uris(): readonly string[] {
    return this.#uris;
  }

  /** Opens the listen, or replaces it: the new one is open before the old one is closed, so nothing is missed. */
  async open(uris: readonly string[]): Promise<Opened> {
    const next = this.#listen(uris);
    this.#opening = next;
    const opened = await next.opened;
    const outdated = this.#opening !== next;
    if (outdated) next.controller.abort();
    else this.#opening = undefined;
    if (outdated || (opened.kind === 'ended' && this.#current !== undefined)) return opened;
    this.#uris = uris;
    this.#replace(next, opened);
    if (next.outcome !== undefined) this.#again(uris, next.outcome);
    return opened;
  }

  /** Asks which of these URIs would be acknowledged, and hears of nothing. */
  async probe(uris: readonly string[]): Promise<Opened> {
    const probe = this.#listen(uris);
    const opened = await probe.opened;
    probe.controller.abort();
    return opened;
  }

  /** Tells of every change that the client may have missed. */
  makeUp(): void {
    const filter = this.#filter;
    if (filter === undefined) return;
    for (const method of filter.lists) void this.#options.deliver(writeNotification(method, undefined));
    for (const uri of filter.uris) {
      const params = JsonText.of({ uri });
      void this.#options.deliver(writeNotification('notifications/resources/updated', params));
    }
  }

  stop(): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#failures = 0;
    this.#opening?.controller.abort();
    this.#opening = undefined;
    this.#current?.controller.abort();
    this.#current = undefined;
    this.#filter = undefined;
  }

  #replace(next: Listening, opened: Opened): void {
    this.#callOff?.();
    this.#callOff = undefined;
    this.#current?.controller.abort();
    this.#current = next.outcome === undefined ? next : undefined;
    if (opened.kind === 'acknowledged') this.#filter = opened.filter;
  }

  #listen(uris: readonly string[]): Listening {
    const controller = new AbortController();
    const opened = Promise.withResolvers<Opened>();
    const listening: Listening = { opened: opened.promise, controller, outcome: undefined };
    const id = JSON.stringify(`listen-${randomBytes(9).toString('base64url')}`);
    const notify: Notify = (notification) => {
      if (controller.signal.aborted) return undefined;
      if (notification.get('method')?.string() !== ACKNOWLEDGED) return this.#options.deliver(notification);
      const filter = readFilter(notification.at('params', 'notifications'));
      opened.resolve({ kind: 'acknowledged', filter });
      return undefined;
    };
    void this.#options
      .call({ id, filter: filterOf(uris), signal: controller.signal, notify })
      .then((outcome) => {
        listening.outcome = outcome;
        opened.resolve({ kind: 'ended', outcome });
        if (this.#current !== listening) return;
        this.#current = undefined;
        this.#again(uris, outcome);
      });
    return listening;
  }

  /** The listen ended by itself. A server that knows no listen will not learn it. */
  #again(uris: readonly string[], outcome: Outcome): void {
    if (outcome.kind === 'error' && outcome.error.get('code')?.text === METHOD_NOT_FOUND) return;
    this.#failures++;
    this.#callOff = this.#options.clock.after(backoffMs(this.#failures, RETRY), () => {
      this.#callOff = undefined;
      void this.#reopen(uris);
    });
  }

  async #reopen(uris: readonly string[]): Promise<void> {
    const next = this.#listen(uris);
    this.#current = next;
    const opened = await next.opened;
    if (this.#current !== next || opened.kind === 'ended') return;
    this.#failures = 0;
    this.#filter = opened.filter;
    this.makeUp();
  }
}

function filterOf(uris: readonly string[]): JsonText {
  return JsonText.of({
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
    ...(uris.length === 0 ? {} : { resourceSubscriptions: uris }),
  });
}

function readFilter(acknowledged: JsonText | undefined): ListenFilter {
  const lists = LISTS.filter(([member]) => acknowledged?.get(member)?.value() === true);
  const uris = acknowledged?.get('resourceSubscriptions')?.items() ?? [];
  return {
    lists: lists.length === LISTS.length ? ALL_LISTS : lists.map(([, method]) => method),
    uris: uris.flatMap((uri) => uri.string() ?? []),
  };
}
