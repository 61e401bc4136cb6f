import type { JsonText } from '../../lib/json-text.ts';
import { persist } from '../../session/persist.ts';
import type { QuestionRef } from '../../session/question-ids.ts';
import type { Message } from '../../wire/message.ts';
import { CANCELLED } from './flight.ts';
import { readAnswer, writeAnswer } from './kept-answer.ts';
import type { Posted } from './legacy-messages.ts';
import type { LegacyParts } from './legacy-parts.ts';
import type { LiveSession } from './live-session.ts';

/** Milliseconds for which the store may be gone before an answer of the client is refused. */
const ANSWER_PATIENCE_MS = 4_000;

/**
 * Takes what gets no response of its own, wherever what it is about goes on. Resolves when it cannot be lost any more.
 * Unknown notifications mean nothing here, and responses may be late. Throws STORE_UNAVAILABLE.
 */
export async function takeOther(
  session: LiveSession,
  message: Posted['others'][number],
  parts: LegacyParts,
): Promise<void> {
  if (message.kind !== 'notification') {
    await takeAnswer(session, message, parts);
    return;
  }
  const { method, params } = message;
  if (method === 'notifications/cancelled') await cancel(session, params?.get('requestId')?.text, parts);
  else if (method === 'notifications/progress') await takeProgress(session, params, parts);
  else if (method === 'notifications/roots/list_changed') {
    session.rootsChanged();
    if (session.onRootsChanged !== undefined) await parts.mail.sendAll(session.key, { kind: 'roots' });
  }
}

/** An answer belongs to the question whose id this gateway gave to this session, and to no other. */
async function takeAnswer(
  session: LiveSession,
  message: Extract<Message, { kind: 'result' | 'error' }>,
  parts: LegacyParts,
): Promise<void> {
  const question = message.id === undefined ? undefined : parts.questionIds.read(message.id);
  if (question?.session !== session.key) return;
  const body = writeAnswer(message);
  if (question.stream === undefined) await passAnswer(session, { question, body }, parts);
  else await keepAnswer(session, { question: { ...question, stream: question.stream }, body }, parts);
}

interface Given {
  readonly question: QuestionRef;
  readonly body: Buffer;
}

/** Nobody else could go on with a call that has no stream, or one that the store does not know. */
async function passAnswer(
  session: LiveSession,
  { question: { holder, name }, body }: Given,
  { mail }: LegacyParts,
): Promise<void> {
  if (session.questions.finish(name, readAnswer(body)) || holder === mail.self) return;
  if (mail.isAlive(holder))
    await mail.send(holder, session.key, { kind: 'answer', question: name, data: body });
}

/** What is acknowledged is kept: whoever goes on with the call finds it. */
async function keepAnswer(
  session: LiveSession,
  { question, body }: Given & { readonly question: { readonly stream: string } },
  parts: LegacyParts,
): Promise<void> {
  const { streams, held, mail, clock } = parts;
  const { stream, name, holder } = question;
  const key = { session: session.key, stream };
  const patience = { clock, giveUpMs: ANSWER_PATIENCE_MS };
  const isFirst = await persist(() => streams.answer(key, { question: name, body }), patience);
  if (held.get(stream) !== undefined) {
    if (!isFirst) await held.takeAnswers(stream);
    // No answer is there for a question that could not be kept: then this one counts.
    session.questions.finish(name, readAnswer(body));
  } else if (holder !== mail.self && mail.isAlive(holder)) {
    const isKnown = isFirst || (await persist(() => streams.read(key), patience)) !== undefined;
    if (isKnown) wake(holder, key, parts);
    else await passAnswer(session, { question, body }, parts);
  } else void findHolder(key, parts).catch(() => undefined);
}

interface Key {
  readonly session: string;
  readonly stream: string;
}

/** The wake-up is fast and may be lost, the letter is not. */
function wake(holder: string, { session, stream }: Key, { held, mail }: LegacyParts): void {
  held.wake(holder, 'answer', stream);
  mail.send(holder, session, { kind: 'stream', stream }).catch(() => undefined);
}

/** Who asked is dead: somebody else may hold the stream by now, or this replica takes it over. */
async function findHolder(key: Key, parts: LegacyParts): Promise<void> {
  const { streams, mail, takeOver } = parts;
  const row = await streams.read(key);
  if (row === undefined || row.ended) return;
  if (!mail.isAlive(row.holder)) await takeOver.claim(row);
  else if (row.holder === mail.self) await parts.held.takeAnswers(key.stream);
  else wake(row.holder, key, parts);
}

/** A call that is not in work here is in work where its stream is held, or where it has none yet. */
async function cancel(session: LiveSession, request: string | undefined, parts: LegacyParts): Promise<void> {
  const flight = session.calls.get(request ?? '');
  if (flight !== undefined) {
    flight.abort.abort(CANCELLED);
    return;
  }
  const { mail, streams } = parts;
  if (request === undefined) return;
  const letter = { kind: 'cancel', request } as const;
  const row = (await streams.ofSession(session.key)).find(({ requests }) => requests.includes(request));
  if (row === undefined) await mail.sendAll(session.key, letter);
  else if (mail.isAlive(row.holder)) await mail.send(row.holder, session.key, letter);
  else if (await parts.takeOver.claim(row)) session.calls.get(request)?.abort.abort(CANCELLED);
}

async function takeProgress(
  session: LiveSession,
  params: JsonText | undefined,
  { questionIds, mail, forwarded }: LegacyParts,
): Promise<void> {
  const token = params?.get('progressToken')?.text;
  const question = token === undefined ? undefined : questionIds.read(token);
  if (question?.session !== session.key) return;
  const { name, holder } = question;
  if (session.questions.restart(name) || holder === mail.self || !mail.isAlive(holder)) return;
  if (forwarded.isDue(name)) await mail.send(holder, session.key, { kind: 'progress', question: name });
}
