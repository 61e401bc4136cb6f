import { randomBytes } from 'node:crypto';
import type { Seal } from '../lib/seal.ts';

/** A question to a legacy client, as its JSON-RPC id names it to whichever replica gets the answer. */
export interface QuestionRef {
  /** `SessionFacts.key` */
  readonly session: string;
  /** The stream on which it left; undefined for one that belongs to no call, or whose call has no stream. */
  readonly stream: string | undefined;
  /** The replica that asked. */
  readonly holder: string;
  /** Unique in the session. */
  readonly name: string;
}

/** Makes and opens the ids of reverse requests. */
export interface QuestionIds {
  /** The raw text of an id: a JSON string. */
  write(question: QuestionRef): string;
  /** Undefined for whatever was not made here. */
  read(id: string): QuestionRef | undefined;
}

const USE = 'reverse-request';
const FORMAT = 1;
const MAX_ID_LENGTH = 600;
const SEALED = /^"[A-Za-z0-9_-]+"$/;

/** A name for a question, unique at whichever replica. */
export function nameQuestion(): string {
  return randomBytes(9).toString('base64url');
}

/** Ids that only this gateway can make or read, so that an answer reaches only the question that it was given to. */
export function createQuestionIds(seal: Seal): QuestionIds {
  return {
    write({ session, stream, holder, name }) {
      const plain = JSON.stringify([FORMAT, session, stream ?? '', holder, name]);
      return JSON.stringify(seal.seal(Buffer.from(plain), USE));
    },
    read(id) {
      if (id.length > MAX_ID_LENGTH || !SEALED.test(id)) return undefined;
      const plain = seal.open(id.slice(1, -1), USE);
      if (plain === undefined) return undefined;
      const read: unknown = JSON.parse(plain.toString('utf8'));
      if (!Array.isArray(read) || read[0] !== FORMAT) return undefined;
      const [, session, stream, holder, name] = read.map(String);
      if (session === undefined || stream === undefined || holder === undefined || name === undefined)
        return undefined;
      return { session, stream: stream === '' ? undefined : stream, holder, name };
    },
  };
}
