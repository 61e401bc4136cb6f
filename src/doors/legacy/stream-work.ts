import { JsonText } from '../../lib/json-text.ts';
import { readFacts, type SessionFacts, writeFacts } from '../../session/session-id.ts';
import { type CallState, FIRST_CALL, readCallState, writeCallState } from './call-state.ts';

/** One request that a stream answers, and how far it is. */
export interface RequestWork {
  /** The whole message, as the client sent it. */
  readonly message: JsonText;
  state: CallState;
}

const VERSION = 1;

/**
 * What another replica needs to go on with the requests of one stream: whose they are, what they say, and how far they
 * are. Requests leave it as they are answered.
 */
export class StreamWork {
  readonly facts: SessionFacts;
  /** By the raw text of their ids. */
  readonly requests = new Map<string, RequestWork>();

  constructor(facts: SessionFacts) {
    this.facts = facts;
  }

  /** Adds a request that is about to begin. */
  add(id: string, message: JsonText, state: CallState = FIRST_CALL): void {
    this.requests.set(id, { message, state });
  }

  note(id: string, state: CallState): void {
    const request = this.requests.get(id);
    if (request !== undefined) request.state = state;
  }

  /** True while nothing runs inside: every request that is left waits for its client. */
  get isWaiting(): boolean {
    for (const { state } of this.requests.values()) if (state.phase !== 'asking') return false;
    return this.requests.size > 0;
  }

  write(): Buffer {
    const requests = [...this.requests.values()].map(
      ({ message, state }) => `{"message":${JSON.stringify(message.text)},"at":${writeCallState(state)}}`,
    );
    const session = JSON.stringify(writeFacts(this.facts).text);
    return Buffer.from(`{"v":${VERSION},"session":${session},"requests":[${requests.join(',')}]}`);
  }

  /** Reads what a replica wrote; undefined where it was another version's, or nothing. */
  static read(bytes: Buffer | undefined): StreamWork | undefined {
    if (bytes === undefined) return undefined;
    const json = JsonText.parse(bytes);
    const session = json.get('session')?.string();
    if (json.get('v')?.text !== String(VERSION) || session === undefined) return undefined;
    const facts = readFacts(JsonText.written(session));
    if (facts === undefined) return undefined;
    const work = new StreamWork(facts);
    for (const request of json.get('requests')?.items() ?? []) {
      const at = request.get('at');
      const state = at === undefined ? undefined : readCallState(at);
      const message = JsonText.written(request.get('message')?.string() ?? 'null');
      const id = message.get('id')?.text;
      if (id === undefined || state === undefined) return undefined;
      work.add(id, message, state);
    }
    return work;
  }
}
