import { setTimeout as sleep } from 'node:timers/promises';

/** What a client's HTTP shows beside what its SDK says. */
export interface WireEvents {
  /** The answer to a request broke off before the client got an event id to come back with. */
  readonly onCut: () => void;
  /** A stream could not be resumed for good. */
  readonly onLost: (status: number) => void;
}

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

const TRIES = 60;
const PACE_MS = 150;

/**
 * `fetch` as a careful client has it: what may safely be sent again (answers to questions, notifications, streams to
 * resume) is, and requests are not. Tells what the SDKs keep to themselves: that an answer broke off for good.
 */
export function createWatchedFetch(events: WireEvents): Fetch {
  return async (url, init = {}) => {
    if (init.method !== 'POST') return watchResumption(await fetch(url, init), init, events);
    const kind = kindOf(init.body);
    if (kind !== 'request') return repeat(() => fetch(url, init), init.signal);
    return watchAnswer(await fetch(url, init), events);
  };
}

function kindOf(body: RequestInit['body']): 'request' | 'other' {
  const message: unknown = typeof body === 'string' ? JSON.parse(body) : undefined;
  const isRequest = typeof message === 'object' && message !== null && 'method' in message && 'id' in message;
  return isRequest ? 'request' : 'other';
}

async function repeat(
  send: () => Promise<Response>,
  signal: AbortSignal | null | undefined,
): Promise<Response> {
  for (let left = TRIES; ; left--) {
    try {
      const response = await send();
      if (response.status < 500 || left === 0) return response;
      await response.body?.cancel();
    } catch (error) {
      if (left === 0 || signal?.aborted === true) throw error;
    }
    await sleep(PACE_MS);
  }
}

function watchResumption(response: Response, init: RequestInit, { onLost }: WireEvents): Response {
  const resumes = new Headers(init.headers).has('last-event-id');
  const { status } = response;
  if (resumes && status >= 400 && status < 500) onLost(status);
  return response;
}

function watchAnswer(response: Response, { onCut }: WireEvents): Response {
  const { body, headers } = response;
  if (body === null || headers.get('content-type')?.startsWith('text/event-stream') !== true) return response;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  const isSafe = (): boolean => /^id:/m.test(text) || /"(?:result|error)"\s*:/.test(text);
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (value !== undefined) {
          text += decoder.decode(value, { stream: true });
          controller.enqueue(value);
        }
        if (!done) return;
        controller.close();
        if (!isSafe()) onCut();
      } catch (error) {
        controller.error(error);
        if (!isSafe()) onCut();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(watched, { status: response.status, statusText: response.statusText, headers });
}
