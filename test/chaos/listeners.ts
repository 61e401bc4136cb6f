import { setTimeout as sleep } from 'node:timers/promises';
import { EventReader } from '../support/event-reader.ts';
import { LegacySession, postModern } from '../support/front-door.ts';
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
  const params = { notifications: { toolsListChanged: true } };
  return postModern(url, 'subscriptions/listen', { id: 'listen', params, signal });
}

/** Opens one session and its GET stream, again and again: the session outlives every replica. */
function legacyStream(url: string): (signal: AbortSignal) => Promise<Response> {
  let session: LegacySession | undefined;
  return async (signal) => {
    if (session === undefined) {
      session = await LegacySession.open(url);
      // A server knows of a session only once something is asked of it.
      await session.ask('tools/list');
    }
    return session.get({ signal });
  };
}
