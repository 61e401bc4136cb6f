import { setTimeout as sleep } from 'node:timers/promises';
import { EventReader } from '../support/event-reader.ts';
import { LEGACY, MODERN, modernMeta } from '../support/front-door.ts';
import type { Disturbance } from './judge.ts';
import type { ChangingUpstream } from './legacy-upstream.ts';

/** Clients that wait for changes of both upstreams, in both eras, and come back when their stream breaks off. */
export interface Listeners {
  start(): void;
  judge(title: string, disturbances: readonly Disturbance[], check: Check): void;
  stop(): void;
}

type Check = (name: string, problem: string | undefined) => void;

const CHANGE_EVERY_MS = 6_000;
const HEARD_WITHIN_MS = 5_000;
const RETRY_MS = 200;

/** One listener: when its stream was open, and what it heard. */
class Listener {
  readonly name: string;
  readonly upstream: string;
  readonly heard: number[] = [];
  readonly #open: (signal: AbortSignal) => Promise<Response>;
  openSince = Number.POSITIVE_INFINITY;

  constructor(name: string, upstream: string, open: (signal: AbortSignal) => Promise<Response>) {
    this.name = name;
    this.upstream = upstream;
    this.#open = open;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const response = await this.#open(signal);
        if (response.ok) await this.#read(response);
        else await response.body?.cancel();
      } catch {
        // A broken stream is what it is here for.
      }
      this.openSince = Number.POSITIVE_INFINITY;
      if (!signal.aborted) await sleep(RETRY_MS);
    }
  }

  async #read(response: Response): Promise<void> {
    this.openSince = Date.now();
    const reader = new EventReader(response);
    for (let event = await reader.next(); event !== undefined; event = await reader.next())
      if (event.data.includes('list_changed')) this.heard.push(Date.now());
  }
}

/** Makes the listeners: one of each era at each upstream. */
export function createListeners(
  url: string,
  upstreams: { readonly legacy: ChangingUpstream; readonly modern: ChangingUpstream },
): Listeners {
  const stopped = new AbortController();
  const listeners = (['legacy', 'modern'] as const).flatMap((upstream) => {
    const endpoint = `${url}/servers/${upstream}/mcp`;
    return [
      new Listener(`modern client at the ${upstream} upstream`, upstream, (signal) =>
        listen(endpoint, signal),
      ),
      new Listener(`legacy client at the ${upstream} upstream`, upstream, legacyStream(endpoint)),
    ];
  });
  const changes: number[] = [];
  /** Changes that a listener whose stream was open all the time did not hear of. */
  const missed: { readonly at: number; readonly listener: string }[] = [];
  let told = 0;

  const change = async (): Promise<void> => {
    const at = Date.now();
    const ready = listeners.filter(({ openSince }) => openSince < at - 1_000);
    changes.push(at);
    upstreams.legacy.change();
    upstreams.modern.change();
    await sleep(HEARD_WITHIN_MS);
    for (const { name, openSince, heard } of ready) {
      const wasOpen = openSince < at;
      if (wasOpen && !heard.some((time) => time >= at)) missed.push({ at, listener: name });
    }
  };
  return {
    start() {
      for (const listener of listeners) void listener.run(stopped.signal);
      const timer = setInterval(() => void change(), CHANGE_EVERY_MS);
      stopped.signal.addEventListener('abort', () => clearInterval(timer));
    },
    judge(title, disturbances, check) {
      const news = missed.slice(told);
      told = missed.length;
      // What an upstream stream misses while it is opened anew is made up for; a replica needs its time for that.
      const isExcused = (at: number): boolean =>
        disturbances.some(({ from, to }) => from <= at + HEARD_WITHIN_MS && to + HEARD_WITHIN_MS >= at);
      const faults = news.filter(({ at }) => !isExcused(at));
      const text = faults.map(({ listener }) => listener).join(', ');
      check(`${title}: open listeners heard of every change in time`, faults.length > 0 ? text : undefined);
      const deaf = listeners.filter(({ heard }) => heard.length === 0);
      check(
        `${title}: every listener heard of changes (${changes.length} made)`,
        deaf.length > 0 ? deaf.map(({ name }) => name).join(', ') : undefined,
      );
    },
    stop: () => stopped.abort(),
  };
}

function listen(url: string, signal: AbortSignal): Promise<Response> {
  const params = { notifications: { toolsListChanged: true }, _meta: modernMeta() };
  return fetch(url, {
    method: 'POST',
    signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'listen', method: 'subscriptions/listen', params }),
  });
}

/** Opens one session and its GET stream, again and again: the session outlives every replica. */
function legacyStream(url: string): (signal: AbortSignal) => Promise<Response> {
  let session: string | undefined;
  const headers = (): Record<string, string> => ({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': LEGACY,
    ...(session !== undefined && { 'mcp-session-id': session }),
  });
  const post = (message: object, signal: AbortSignal): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      signal,
      headers: headers(),
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
  return async (signal) => {
    if (session === undefined) {
      const params = {
        protocolVersion: LEGACY,
        capabilities: {},
        clientInfo: { name: 'listener', version: '1' },
      };
      const opened = await post({ id: 1, method: 'initialize', params }, signal);
      await opened.text();
      session = opened.headers.get('mcp-session-id') ?? undefined;
      await (await post({ method: 'notifications/initialized' }, signal)).text();
      // A server knows of a session only once something is asked of it.
      await (await post({ id: 2, method: 'tools/list' }, signal)).text();
    }
    return fetch(url, { signal, headers: headers() });
  };
}
