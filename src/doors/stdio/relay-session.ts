import type { GatewardError } from '../../errors.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { LegacyTransport } from '../../upstream/legacy/legacy-transport.ts';
import { sameId } from '../../upstream/same-id.ts';

/** One session at the server, for the legacy side of the stdio door. */
export interface OpenedSession {
  readonly transport: LegacyTransport;
  /** Sends a request of the door's own and gives the whole response. Rejects with a GatewardError. */
  ask(request: JsonText, id: string): Promise<JsonText>;
}

/** What a session tells. */
export interface SessionEvents {
  /** `requestId` is set where the message is the response to that request of the client. */
  readonly onMessage: (message: JsonText, requestId: string | undefined) => Promise<void> | undefined;
  readonly onFailed: (requestId: string, error: GatewardError) => void;
  readonly onLost: (error: GatewardError) => void;
}

interface Asked {
  readonly resolve: (response: JsonText) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts the transport of a session. Throws as it does. */
export async function openSession(transport: LegacyTransport, events: SessionEvents): Promise<OpenedSession> {
  const asked = new Map<string, Asked>();
  const take = (id: string): Asked | undefined => {
    const found = asked.get(id);
    asked.delete(id);
    return found;
  };
  await transport.start({
    onMessage: (message, requestId) => {
      const id = answeredId(message, requestId);
      const own = id === undefined ? undefined : take(id);
      if (own === undefined) return events.onMessage(message, id);
      own.resolve(message);
      return undefined;
    },
    onRequestFailed: (requestId, error) => {
      const own = take(requestId);
      if (own === undefined) events.onFailed(requestId, error);
      else own.reject(error);
    },
    onClosed: (error) => {
      for (const id of [...asked.keys()]) take(id)?.reject(error);
      events.onLost(error);
    },
  });
  return {
    transport,
    ask: async (request, id) => {
      const { promise, resolve, reject } = Promise.withResolvers<JsonText>();
      asked.set(id, { resolve, reject });
      transport
        .send(request, { requestId: id, signal: undefined })
        .catch((error: unknown) => take(id)?.reject(error));
      return promise;
    },
  };
}

/** The raw id of the request that a message answers, as the request wrote it; undefined for anything else. */
function answeredId(message: JsonText, requestId: string | undefined): string | undefined {
  const id = message.get('id')?.text;
  if (id === undefined || message.get('method') !== undefined) return undefined;
  return requestId !== undefined && sameId(id, requestId) ? requestId : id;
}
