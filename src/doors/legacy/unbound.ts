import { randomUUID } from 'node:crypto';
import { JsonText } from '../../lib/json-text.ts';
import { type Message, readMessage, writeError, writeResult } from '../../wire/message.ts';
import { isWanted } from '../../wire/rev2025-11-25/log-level.ts';
import { toReverseRequest } from '../../wire/rev2025-11-25/reverse-request.ts';
import type { Revision } from '../../wire/rev2025-11-25/revision.ts';
import { isListChange } from '../../wire/rev2025-11-25/server-changes.ts';
import { notificationToLegacy } from '../../wire/rev2025-11-25/to-legacy.ts';
import { refusal, unansweredReply } from '../../wire/rev2025-11-25/upstream-reverse.ts';
import type { Outlet } from './outlet.ts';
import type { Answer, ReverseRequests } from './reverse-requests.ts';

/** The session whose client is meant. */
export interface UnboundClient {
  readonly revision: Revision;
  readonly capabilities: JsonText;
  /** The way to its own stream. */
  readonly own: Outlet;
  readonly questions: ReverseRequests;
}

type Request = Extract<Message, { kind: 'request' }>;

const METHOD_NOT_FOUND = -32_601;
const INTERNAL_ERROR = -32_603;

/**
 * Passes on what an upstream session of this client's session says outside every call: log messages, changes and
 * questions, on the stream for messages that belong to no call. A question gets a whole response, which is an error
 * where the client cannot be asked.
 */
export async function answerUnbound(
  message: JsonText,
  client: UnboundClient,
  logLevel: () => Promise<string>,
): Promise<JsonText | undefined> {
  const read = readMessage(message);
  if (read.kind === 'request') return writeReply(read.id, await answerQuestion(read, client));
  if (read.kind !== 'notification') return undefined;
  if (read.method === 'notifications/cancelled')
    client.questions.withdraw(read.params?.get('requestId')?.text ?? '');
  else if (await isForClient(read, logLevel)) await client.own.send(notificationToLegacy(message).bytes);
  return undefined;
}

async function isForClient(
  { method, params }: Extract<Message, { kind: 'notification' }>,
  logLevel: () => Promise<string>,
): Promise<boolean> {
  if (method === 'notifications/elicitation/complete' || isListChange(method)) return true;
  return method === 'notifications/message' && isWanted(params?.get('level')?.string(), await logLevel());
}

async function answerQuestion({ id, method, params }: Request, client: UnboundClient): Promise<Answer> {
  if (method === 'ping') return { kind: 'result', result: JsonText.written('{}') };
  const request = JsonText.of({ method }).with({ params });
  const reverse = toReverseRequest(request, { ...client, elicitationId: randomUUID });
  if (reverse.kind !== 'ask') return failed(METHOD_NOT_FOUND, 'The client cannot be asked for this.');
  const { own, questions } = client;
  if (!own.open) return failed(INTERNAL_ERROR, 'The client has no stream open on which it could be asked.');
  const worded = questions.word(reverse.method, reverse.params, undefined);
  const asked = questions.ask({
    ...worded,
    alias: id,
    ask: () => void own.ask(worded.message, worded.name),
    send: (message) => own.send(message),
  });
  const answer = await asked.answer;
  if (answer.kind === 'result' || answer.kind === 'error') return answer;
  const reply = unansweredReply(method);
  return 'result' in reply ? { kind: 'result', ...reply } : { kind: 'error', ...reply };
}

function failed(code: number, message: string): Answer {
  return { kind: 'error', error: refusal(code, message) };
}

function writeReply(id: string, answer: Answer): JsonText {
  if (answer.kind === 'result') return JsonText.written(writeResult(id, answer.result).toString('utf8'));
  const error =
    answer.kind === 'error' ? answer.error : refusal(INTERNAL_ERROR, 'The client did not answer.');
  return JsonText.written(writeError(id, error).toString('utf8'));
}
