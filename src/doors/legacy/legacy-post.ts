import { GatewardError } from '../../errors.ts';
import type { Accepted } from '../../lib/media-type.ts';
import { readMessage } from '../../wire/message.ts';
import { answerJson } from '../answer.ts';
import type { PostExchange } from '../legacy-door.ts';
import { answerInitialize, type InitializeRequest } from './legacy-initialize.ts';
import { type Posted, readPosted } from './legacy-messages.ts';
import type { LegacyParts, Spoken } from './legacy-parts.ts';
import { errorReply, type Reply } from './legacy-reply.ts';
import { answerRequest, enterFlights, type LegacyRequest } from './legacy-request.ts';
import { acceptedOf, checkVersionHeader, findSession } from './legacy-session-headers.ts';
import type { Outlet } from './outlet.ts';
import { PostAnswer } from './post-answer.ts';
import { SseConnection } from './sse-connection.ts';
import { StreamWork } from './stream-work.ts';
import { takeOther } from './take-other.ts';

/** Answers one POST to a legacy endpoint. Throws what refuses the whole POST, as long as nothing is answered. */
export async function answerPost(exchange: PostExchange, parts: LegacyParts): Promise<void> {
  const { body, request, response, server } = exchange;
  const accepted = acceptedOf(request);
  const first = body.kind === 'array' ? undefined : readMessage(body);
  if (first?.kind === 'request' && first.method === 'initialize') {
    if (!accepted.json && !accepted.eventStream) throw new GatewardError('NOT_ACCEPTABLE');
    // The pipeline asks too, but its refusal would be an answer to the request and not to the POST.
    const principal = await parts.callers.authenticate(request.headers);
    const { id, params } = first;
    await openSession(exchange, { id, params, server, headers: request.headers, principal }, parts);
    return;
  }
  const spoken = await findSession(exchange, parts);
  checkVersionHeader(request);
  const posted = readPosted(body, spoken.session.revision);
  const isAnswered = posted.requests.length > 0;
  if (isAnswered && !accepted.json && !accepted.eventStream) throw new GatewardError('NOT_ACCEPTABLE');
  for (const other of posted.others) await takeOther(spoken.session, other, parts);
  if (!isAnswered) response.writeHead(202).end();
  else answerRequests(exchange, { spoken, posted, accepted }, parts);
}

async function openSession(
  { request, response }: PostExchange,
  initialize: InitializeRequest,
  parts: LegacyParts,
): Promise<void> {
  const accepted = acceptedOf(request);
  let reply: Reply;
  try {
    const initialized = await answerInitialize(initialize, parts);
    reply = initialized.reply;
    if (initialized.opened !== undefined) {
      const { id } = await parts.ids.mint(initialized.opened);
      response.setHeader('Mcp-Session-Id', id);
    }
  } catch (thrown) {
    reply = errorReply(initialize.id, thrown, 'initialize');
  }
  if (response.destroyed) return;
  if (reply.retryAfterSeconds !== undefined)
    response.setHeader('Retry-After', Math.ceil(reply.retryAfterSeconds));
  if (accepted.json || reply.status !== 200) {
    answerJson(response, reply.status, reply.body);
    return;
  }
  const connection = new SseConnection(response, parts.sse);
  void connection.send(reply.body, { event: 'message' });
  connection.end();
}

interface Requests {
  readonly spoken: Spoken;
  readonly posted: Posted;
  readonly accepted: Accepted;
}

/** Starts every request of one POST. Throws INVALID_REQUEST before any starts. */
function answerRequests(
  { response }: PostExchange,
  { spoken, posted, accepted }: Requests,
  parts: LegacyParts,
): void {
  const { session } = spoken;
  const { requests, batch } = posted;
  const flights = enterFlights(session, requests);
  const { held, clock, sse } = parts;
  const work = new StreamWork(session.facts);
  for (const { id, message } of requests) work.add(id, message);
  const answer = new PostAnswer({ response, accepted, session, work, batch, held, clock, sse });
  const asking = eitherOf(answer, session.own);
  const stream = batch ? undefined : answer.hints;
  requests.forEach((posted, index) => {
    const { id } = posted;
    const journal = answer.journal(id);
    const given: LegacyRequest = { ...posted, spoken, outlet: answer, asking, stream, journal };
    const flight = flights[index];
    if (flight !== undefined)
      void answerRequest(given, flight, parts).then((reply) => answer.reply(id, reply));
  });
}

/** Questions leave on the stream of their call; where the client takes none there, on the session's own. */
function eitherOf(first: Outlet, second: Outlet): Outlet {
  return {
    get open() {
      return first.open || second.open;
    },
    get stream() {
      return first.open ? first.stream : second.stream;
    },
    send: (message) => (first.open ? first : second).send(message),
    ask: (message, name) => (first.open ? first : second).ask(message, name),
  };
}
