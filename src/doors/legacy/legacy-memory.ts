import { JsonText } from '../../lib/json-text.ts';
import { type Message, writeNotification, writeRequest } from '../../wire/message.ts';
import type { OpenedSession } from '../stdio/relay-session.ts';

/** Resource subscriptions that are remembered; a client has few. */
const MAX_SUBSCRIPTIONS = 1_000;
const INTRODUCTION_ID = '"gateward-initialize"';
const LISTS = ['tools', 'prompts', 'resources'] as const;

/** What a client has said in its session, and what has to be said again in a new one when it is lost. */
export class LegacyMemory {
  /** The client's `initialize` under an id of the door's own; undefined before it came. */
  introduction: JsonText | undefined;
  /** The revision that the session speaks; undefined before the server named it. */
  version: string | undefined;
  /** Whether the client has sent `notifications/initialized`. */
  isInitialized = false;
  #logLevel: JsonText | undefined;
  readonly #subscriptions = new Map<string, JsonText>();
  #count = 0;

  /** A new session of the client: what it said in an older one does not count any more. */
  begin(params: JsonText | undefined): void {
    this.introduction = writeRequest(INTRODUCTION_ID, 'initialize', params);
    this.version = undefined;
    this.isInitialized = false;
    this.#logLevel = undefined;
    this.#subscriptions.clear();
  }

  /** Notes what a request changes in the session. */
  noteRequest({ method, params }: Extract<Message, { kind: 'request' }>): void {
    if (method === 'logging/setLevel') this.#logLevel = params;
    const uri = params?.get('uri')?.string();
    if (params === undefined || uri === undefined) return;
    if (method === 'resources/unsubscribe') this.#subscriptions.delete(uri);
    if (method === 'resources/subscribe' && this.#subscriptions.size < MAX_SUBSCRIPTIONS) {
      this.#subscriptions.set(uri, JsonText.of({ uri }));
    }
  }

  /**
   * Says all of it again, and tells the client that lists have changed: something may have been missed. `result` is
   * the answer to `initialize`.
   */
  async restore(
    session: OpenedSession,
    result: JsonText,
    write: (message: JsonText) => Promise<void> | undefined,
  ): Promise<void> {
    if (!this.isInitialized) return;
    const initialized = writeNotification('notifications/initialized', undefined);
    await session.transport.send(initialized, { requestId: undefined, signal: undefined });
    session.transport.openStandalone();
    const said: [string, JsonText][] = [...this.#subscriptions.values()].map((params) => [
      'resources/subscribe',
      params,
    ]);
    if (this.#logLevel !== undefined) said.unshift(['logging/setLevel', this.#logLevel]);
    await Promise.all(said.map(([method, params]) => this.#say(session, method, params)));
    for (const list of LISTS) {
      if (result.at('capabilities', list, 'listChanged')?.text !== 'true') continue;
      await write(writeNotification(`notifications/${list}/list_changed`, undefined));
    }
  }

  /** A server that refuses what it once took changes nothing for the client. */
  async #say(session: OpenedSession, method: string, params: JsonText): Promise<void> {
    this.#count += 1;
    const id = `"gateward-restore-${this.#count}"`;
    await session.ask(writeRequest(id, method, params), id).catch(() => undefined);
  }
}
