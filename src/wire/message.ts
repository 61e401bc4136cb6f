import type { JsonText } from '../lib/json-text.ts';
import { JsonText as Json } from '../lib/json-text.ts';

/** One JSON-RPC 2.0 message, told apart by its members. `id` is the raw text of the id. */
export type Message =
  | {
      readonly kind: 'request';
      readonly id: string;
      readonly method: string;
      readonly params: JsonText | undefined;
    }
  | { readonly kind: 'notification'; readonly method: string; readonly params: JsonText | undefined }
  | { readonly kind: 'result'; readonly id: string; readonly result: JsonText }
  | { readonly kind: 'error'; readonly id: string | undefined; readonly error: JsonText }
  | { readonly kind: 'invalid'; readonly id: string | undefined; readonly detail: string };

/**
 * Tells what a JSON-RPC message is. Ids are strings or integers (MCP basic §Requests: never null); a value of
 * another type makes the message invalid, except a null id on an error, which older servers send.
 */
export function readMessage(json: JsonText): Message {
  if (json.kind !== 'object') return invalid(undefined, 'A JSON-RPC message is an object.');
  const idText = json.get('id');
  const id = idText === undefined ? undefined : rawId(idText);
  if (json.get('jsonrpc')?.string() !== '2.0') return invalid(id, 'Its jsonrpc member must be "2.0".');
  const method = json.get('method');
  if (method !== undefined) return readCall({ json, method, idText, id });
  const error = json.get('error');
  if (error?.kind === 'object') return { kind: 'error', id, error };
  const result = json.get('result');
  if (result === undefined) return invalid(id, 'It has neither method, result nor error.');
  if (id === undefined) return invalid(id, 'A result needs the id of its request.');
  return { kind: 'result', id, result };
}

interface CallParts {
  readonly json: JsonText;
  readonly method: JsonText;
  readonly idText: JsonText | undefined;
  readonly id: string | undefined;
}

function readCall({ json, method, idText, id }: CallParts): Message {
  const name = method.string();
  if (name === undefined) return invalid(id, 'Its method must be a string.');
  const params = json.get('params');
  if (params !== undefined && params.kind !== 'object') return invalid(id, 'Its params must be an object.');
  if (idText === undefined) return { kind: 'notification', method: name, params };
  if (id === undefined) return invalid(id, 'Its id must be a string or an integer.');
  return { kind: 'request', id, method: name, params };
}

/** The raw text of an id that is a string or an integer. */
function rawId(id: JsonText): string | undefined {
  if (id.kind === 'string') return id.text;
  if (id.kind === 'number' && /^-?\d+$/.test(id.text)) return id.text;
  return undefined;
}

function invalid(id: string | undefined, detail: string): Message {
  return { kind: 'invalid', id, detail };
}

/** A request; `id` is raw text. */
export function writeRequest(id: string, method: string, params: JsonText | undefined): JsonText {
  const tail = params === undefined ? '' : `,"params":${params.text}`;
  return Json.written(`{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${tail}}`);
}

/** A notification. */
export function writeNotification(method: string, params: JsonText | undefined): JsonText {
  const tail = params === undefined ? '' : `,"params":${params.text}`;
  return Json.written(`{"jsonrpc":"2.0","method":${JSON.stringify(method)}${tail}}`);
}

/** The bytes of a response with a result; `id` is raw text. The response that the result came in, where it fits. */
export function writeResult(id: string, result: JsonText): Buffer {
  const { whole } = result;
  if (whole !== result && whole.get('id')?.text === id && whole.get('result')?.isSame(result) === true) {
    return whole.bytes;
  }
  return Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":`), result.bytes, CLOSE]);
}

/** The bytes of a response with an error; without an id where the error names no request (never null). */
export function writeError(id: string | undefined, error: JsonText): Buffer {
  const head = id === undefined ? '{"jsonrpc":"2.0","error":' : `{"jsonrpc":"2.0","id":${id},"error":`;
  return Buffer.concat([Buffer.from(head), error.bytes, CLOSE]);
}

const CLOSE = Buffer.from('}');
