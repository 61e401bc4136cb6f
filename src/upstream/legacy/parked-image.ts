import type { Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Seal } from '../../lib/seal.ts';
import { codeOf, readOutcome, writeOutcome } from '../remote/outcome-letter.ts';
import { type AdoptedSession, readAdoptedSession, writeAdoptedSession } from './adopted-session.ts';
import type { GivenAnswer } from './given-answers.ts';
import type { Question } from './server-messages.ts';

/** A question that the client was asked. */
export interface AskedQuestion extends Question {
  /** Its input request key. */
  readonly key: string;
}

/** How a round ended: an outcome, or an error of the gateway's own. */
export type RoundEnd = { readonly outcome: Outcome } | { readonly thrown: GatewardError };

/** A parked call as another replica needs it: everything but the call itself, which comes with the retry. */
export interface ParkedImage {
  /** The session and the request on it; undefined where no other replica can go on with them. */
  readonly upstream:
    | {
        readonly session: AdoptedSession;
        readonly requestId: string;
        readonly lastEventId: string;
        /** Other calls have the session too, so that it does not end with this one. */
        readonly shared?: boolean | undefined;
      }
    | undefined;
  /** Nothing was asked yet: the call runs. */
  readonly runs?: boolean;
  /** The newest round: the one that ended in questions, or the one that the newest answers began. */
  readonly round: number;
  /** Of the answers that began it. */
  readonly digest: string;
  /** What was asked and not answered yet. */
  readonly questions: readonly AskedQuestion[];
  /** Number of the last key that was given to a question. */
  readonly lastKey: number;
  /** What the server was answered; empty for a call that must not be made twice. */
  readonly given: readonly GivenAnswer[];
  /** How the newest round ended, once the call is over. */
  readonly end: RoundEnd | undefined;
}

const USE = 'parked-row';
const VERSION = 1;
/** An outcome above it is not kept. */
const MAX_END_BYTES = 262_144;

/** Writes the bodies of one row, which hold what a user answered: sealed, and bound to the row. */
export class ImageWriter {
  readonly #seal: Seal;
  readonly #id: string;
  /** What was written last, since it stays the same while a round lasts. */
  #upstream: { readonly of: ParkedImage['upstream']; readonly text: string } | undefined;

  constructor(seal: Seal, id: string) {
    this.#seal = seal;
    this.#id = id;
  }

  write(image: ParkedImage): Buffer {
    const { upstream } = image;
    if (upstream !== undefined && this.#upstream?.of !== upstream)
      this.#upstream = { of: upstream, text: writeUpstream(upstream) };
    const text = writeImage(this.#id, image, upstream && this.#upstream?.text);
    return Buffer.from(this.#seal.seal(Buffer.from(`[${VERSION},${text}]`), USE), 'latin1');
  }
}

function writeImage(id: string, image: ParkedImage, upstream: string | undefined): string {
  const { round, digest, questions, lastKey, given, end } = image;
  // Joined by hand: it is written twice in each round, while a user waits.
  const members = [
    `"id":${JSON.stringify(id)},"round":${round},"digest":${JSON.stringify(digest)},"lastKey":${lastKey}`,
    `"questions":[${questions.map(writeQuestion).join(',')}]`,
    `"given":[${given.map(writeGiven).join(',')}]`,
  ];
  if (image.runs === true) members.push('"runs":true');
  if (upstream !== undefined) members.push(`"upstream":${upstream}`);
  const ended = end && writeEnd(end);
  if (ended !== undefined) members.push(`"end":${ended.text}`);
  return `{${members.join(',')}}`;
}

function writeUpstream(upstream: NonNullable<ParkedImage['upstream']>): string {
  const { requestId, lastEventId, session, shared } = upstream;
  const ids = `"requestId":${JSON.stringify(requestId)},"lastEventId":${JSON.stringify(lastEventId)}`;
  const ofOthers = shared === true ? ',"shared":true' : '';
  return `{${ids}${ofOthers},"session":${writeAdoptedSession(session).text}}`;
}

function writeQuestion({ key, id, method, params }: AskedQuestion): string {
  const tail = params === undefined ? '' : `,"params":${params.text}`;
  return `{"key":${JSON.stringify(key)},"id":${JSON.stringify(id)},"method":${JSON.stringify(method)}${tail}}`;
}

function writeGiven({ question, reply }: GivenAnswer): string {
  const [kind, { text }] = 'result' in reply ? ['result', reply.result] : ['error', reply.error];
  return `{"question":${JSON.stringify(question)},"${kind}":${text}}`;
}

/** Reads the body of a row; undefined for what another version wrote in a way that this one does not know. */
export function openImage(seal: Seal, id: string, body: Buffer): ParkedImage | undefined {
  const plain = seal.open(body.toString('latin1'), USE);
  const [version, json] = plain === undefined ? [] : JsonText.parse(plain).items();
  if (version?.value() !== VERSION || json?.get('id')?.string() !== id) return undefined;
  const [round, lastKey] = [json.get('round')?.value(), json.get('lastKey')?.value()];
  const digest = json.get('digest')?.string();
  if (typeof round !== 'number' || typeof lastKey !== 'number' || digest === undefined) return undefined;
  return {
    upstream: readUpstream(json.get('upstream')),
    runs: json.get('runs')?.value() === true,
    round,
    digest,
    questions: (json.get('questions')?.items() ?? []).map(readQuestion),
    lastKey,
    given: (json.get('given')?.items() ?? []).map(readGiven),
    end: readEnd(json.get('end')),
  };
}

function readUpstream(json: JsonText | undefined): ParkedImage['upstream'] {
  const session = readAdoptedSession(json?.get('session'));
  const [requestId, lastEventId] = [json?.get('requestId')?.string(), json?.get('lastEventId')?.string()];
  if (session === undefined || requestId === undefined || lastEventId === undefined) return undefined;
  return { session, requestId, lastEventId, shared: json?.get('shared')?.value() === true };
}

function readQuestion(json: JsonText): AskedQuestion {
  const text = (key: string) => json.get(key)?.string() ?? '';
  return { key: text('key'), id: text('id'), method: text('method'), params: json.get('params') };
}

function readGiven(json: JsonText): GivenAnswer {
  const [question, result] = [json.get('question')?.string() ?? '', json.get('result')];
  const error = json.get('error') ?? JsonText.of({ code: -32_603, message: 'Not kept.' });
  return { question, reply: result === undefined ? { error } : { result } };
}

function writeEnd(end: RoundEnd): JsonText | undefined {
  if ('thrown' in end) return JsonText.of({ kind: 'thrown', code: end.thrown.code });
  const { outcome } = end;
  const body = outcome.kind === 'error' ? outcome.error : outcome.result;
  return body.bytes.length > MAX_END_BYTES ? undefined : writeOutcome(outcome);
}

function readEnd(json: JsonText | undefined): RoundEnd | undefined {
  if (json?.get('kind')?.string() === 'thrown')
    return { thrown: new GatewardError(codeOf(json.get('code')) ?? 'UPSTREAM_LOST') };
  const outcome = readOutcome(json, () => undefined);
  return outcome && { outcome };
}
