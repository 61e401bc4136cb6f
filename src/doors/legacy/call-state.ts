import { JsonText } from '../../lib/json-text.ts';

/** What a retry says: the answers to what the round before asked. */
export interface RoundAnswers {
  /** Members of `inputResponses`; undefined where nothing was asked. */
  readonly responses: ReadonlyMap<string, JsonText> | undefined;
  /** As the round before gave it, byte for byte. */
  readonly requestState: JsonText | undefined;
  /** Answers that were errors, for a legacy upstream. */
  readonly refusals: ReadonlyMap<string, JsonText>;
}

/** One question that a round asks, as it leaves. */
export interface RoundQuestion {
  /** Its key among the input requests. */
  readonly key: string;
  /** Unique in the session. */
  readonly name: string;
  readonly method: string;
  /** The whole request to the client. */
  readonly message: Buffer;
}

/** What one round asks of the client. */
export interface AskedRound {
  readonly requestState: JsonText | undefined;
  /** A legacy upstream or a task asked, which can be told of refusals. */
  readonly isLegacy: boolean;
  /** What is answered without the client. */
  readonly responses: ReadonlyMap<string, JsonText>;
  readonly refusals: ReadonlyMap<string, JsonText>;
  readonly questions: readonly RoundQuestion[];
}

/** How far the call of a legacy client is: what another replica needs to go on with it. */
export type CallState =
  | {
      readonly phase: 'calling';
      /** Rounds before this one. */
      readonly round: number;
      /** What the call says beside its message; undefined in the first round. */
      readonly answers: RoundAnswers | undefined;
    }
  | { readonly phase: 'asking'; readonly round: number; readonly asked: AskedRound };

/** Where every call begins. */
export const FIRST_CALL: CallState = { phase: 'calling', round: 0, answers: undefined };

/**
 * Writes a state as the text of a JSON object. JSON of others stands in it as strings, so that none of it is too deep
 * to be read again.
 */
export function writeCallState(state: CallState): string {
  const { round } = state;
  if (state.phase === 'calling') {
    const { responses, requestState, refusals } = state.answers ?? {};
    const given = { state: requestState?.text, responses: writeMap(responses), refusals: writeMap(refusals) };
    return JSON.stringify({ calling: round, ...given });
  }
  const { requestState, isLegacy, responses, refusals, questions } = state.asked;
  return JSON.stringify({
    asking: round,
    legacy: isLegacy,
    state: requestState?.text,
    responses: writeMap(responses),
    refusals: writeMap(refusals),
    questions: questions.map((question) => ({ ...question, message: question.message.toString('utf8') })),
  });
}

/** Reads what `writeCallState` wrote; undefined for what another version did. */
export function readCallState(json: JsonText): CallState | undefined {
  const requestState = readText(json, 'state');
  const responses = readMap(json.get('responses'));
  const refusals = readMap(json.get('refusals'));
  const calling = json.get('calling');
  if (calling !== undefined) {
    const answers = refusals === undefined ? undefined : { responses, requestState, refusals };
    return { phase: 'calling', round: Number(calling.text), answers };
  }
  const asking = json.get('asking');
  if (asking === undefined || responses === undefined || refusals === undefined) return undefined;
  const questions = (json.get('questions')?.items() ?? []).flatMap(readQuestion);
  const isLegacy = json.get('legacy')?.text === 'true';
  const asked = { requestState, isLegacy, responses, refusals, questions };
  return { phase: 'asking', round: Number(asking.text), asked };
}

function readQuestion(json: JsonText): RoundQuestion[] {
  const [key, name, method, message] = ['key', 'name', 'method', 'message'].map((member) =>
    json.get(member)?.string(),
  );
  if (key === undefined || name === undefined || method === undefined || message === undefined) return [];
  return [{ key, name, method, message: Buffer.from(message) }];
}

/** A member that holds JSON as a string. */
function readText(json: JsonText, member: string): JsonText | undefined {
  const text = json.get(member)?.string();
  return text === undefined ? undefined : JsonText.written(text);
}

function writeMap(map: ReadonlyMap<string, JsonText> | undefined): (readonly [string, string])[] | undefined {
  return map && [...map].map(([key, value]) => [key, value.text]);
}

function readMap(json: JsonText | undefined): Map<string, JsonText> | undefined {
  if (json?.kind !== 'array') return undefined;
  const pairs = json.items().map((pair) => pair.items().map((item) => item.string() ?? ''));
  return new Map(pairs.map(([key = '', value = 'null']) => [key, JsonText.written(value)]));
}
