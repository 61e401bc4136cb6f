import { JsonText } from '../../lib/json-text.ts';
import type { Message } from '../../wire/message.ts';
import type { Answer } from './reverse-requests.ts';

/** What a client's response says, as it is kept for the replica that asked. */
export function writeAnswer(message: Extract<Message, { kind: 'result' | 'error' }>): Buffer {
  return message.kind === 'result'
    ? Buffer.concat([Buffer.from('r'), message.result.bytes])
    : Buffer.concat([Buffer.from('e'), message.error.bytes]);
}

/** Reads what `writeAnswer` wrote. */
export function readAnswer(body: Buffer): Answer {
  const json = JsonText.written(body.toString('utf8', 1));
  return body.toString('latin1', 0, 1) === 'r'
    ? { kind: 'result', result: json }
    : { kind: 'error', error: json };
}
