import { randomBytes } from 'node:crypto';
import type { Json } from '../support/front-door.ts';
import type { TestKey } from '../support/keys.ts';

/** One principal, who sees every byte that it is answered, and must never see what is another's. */
export class Caller {
  readonly name: string;
  /** Stands in everything that it sends. */
  readonly marker: string;
  readonly #url: string;
  readonly #key: TestKey;
  /** Texts that are its own: markers, keys, sessions. */
  readonly own = new Set<string>();
  /** What it saw of the others. */
  readonly leaks: string[] = [];
  readonly failures: string[] = [];
  calls = 0;
  bytes = 0;
  #others: readonly Caller[] = [];

  constructor(name: string, url: string, key: TestKey) {
    this.name = name;
    this.marker = `${name}-${randomBytes(12).toString('hex')}`;
    this.#url = url;
    this.#key = key;
    this.own.add(this.marker).add(key.text);
  }

  /** Sets who the others are. */
  meet(others: readonly Caller[]): void {
    this.#others = others;
  }

  /** Sends a request with its key; every byte of the answer is looked at, that of streams as it comes. */
  async fetch(path: string, init: RequestInit & { readonly headers?: Record<string, string> } = {}) {
    const headers = { ...this.#key.headers, ...init.headers };
    const response = await fetch(`${this.#url}${path}`, { ...init, headers });
    this.#look(JSON.stringify([...response.headers]));
    const { body, status } = response;
    if (body === null) return response;
    const decoder = new TextDecoder();
    let tail = '';
    const watched = body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          this.bytes += chunk.length;
          const text = tail + decoder.decode(chunk, { stream: true });
          this.#look(text);
          tail = text.slice(-LONGEST);
          controller.enqueue(chunk);
        },
      }),
    );
    return new Response(watched, { status, headers: response.headers });
  }

  /** Posts one JSON-RPC message. */
  post(path: string, message: Json, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify(message),
    });
  }

  /** Fails the run unless it holds. */
  expect(holds: boolean, what: string): void {
    if (!holds) this.failures.push(`${this.name}: ${what}`);
  }

  #look(text: string): void {
    for (const other of this.#others) {
      for (const secret of other.own) {
        if (text.includes(secret))
          this.leaks.push(`${this.name} saw ${secret.slice(0, 12)}…: ${text.slice(0, 300)}`);
      }
    }
  }
}

/** Longer than any text that is somebody's own, so that none hides between two chunks. */
const LONGEST = 4096;
