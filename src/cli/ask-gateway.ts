import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { z } from 'zod';
import { ERRORS, type ErrorCode, GatewardError } from '../errors.ts';
import type { AdminTarget } from './admin-target.ts';

const TIMEOUT_MS = 20_000;
const MAX_BODY_BYTES = 268_435_456;

const errorBody = z.object({ error: z.looseObject({ code: z.string(), message: z.string() }) });

/**
 * Sends one GET to the admin API of a running gateway and gives what it answered.
 *
 * @throws GatewardError with the code that the gateway answered; GATEWAY_UNREACHABLE if nobody does, or somebody else.
 */
export function askGateway<T>(target: AdminTarget, path: string, schema: z.ZodType<T>): Promise<T> {
  return ask(target, { method: 'GET', path }, schema);
}

/** Sends one POST without a body, otherwise as `askGateway`. */
export function postToGateway<T>(target: AdminTarget, path: string, schema: z.ZodType<T>): Promise<T> {
  return ask(target, { method: 'POST', path }, schema);
}

interface Question {
  readonly method: 'GET' | 'POST';
  /** Below /admin/api/, with its query. */
  readonly path: string;
}

async function ask<T>(target: AdminTarget, question: Question, schema: z.ZodType<T>): Promise<T> {
  const { status, text } = await exchange(target, question);
  const body = parse(text);
  if (status === 200) {
    const read = schema.safeParse(body);
    if (read.success) return read.data;
  }
  const refused = errorBody.safeParse(body);
  if (!refused.success) {
    throw unreachable(target, 'What answers there is no Gateward, or another version.');
  }
  const { code, message } = refused.data.error;
  if (!isErrorCode(code)) throw unreachable(target, message);
  const { text: known } = ERRORS[code];
  throw new GatewardError(code, {
    detail: message.startsWith(`${known} `) ? message.slice(known.length + 1) : undefined,
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function exchange(target: AdminTarget, { method, path }: Question): Promise<Answer> {
  const url = new URL(`/admin/api/${path}`, target.url);
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const fail = (cause: Error): void => reject(unreachable(target, sentenceOf(cause), cause));
  const request = send(url, {
    agent: false,
    method,
    headers: { authorization: `Bearer ${target.key}`, accept: 'application/json' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(target.certificate !== undefined && {
      // The gateway of this configuration shows exactly this certificate, whatever names stand in it.
      ca: target.certificate,
      allowPartialTrustChain: true,
      checkServerIdentity: () => undefined,
    }),
  });
  request.once('error', fail);
  request.once('response', (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) request.destroy();
      else chunks.push(chunk);
    });
    response.once('error', fail);
    response.once('end', () => {
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
    });
  });
  request.end();
  return promise;
}

function unreachable({ url }: AdminTarget, why: string, cause?: unknown): GatewardError {
  return new GatewardError('GATEWAY_UNREACHABLE', { detail: `${url}: ${why}`, cause });
}

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there.',
  ECONNRESET: 'The connection was cut.',
  ENOTFOUND: 'The name is not known.',
  ABORT_ERR: 'No answer came in time.',
};

function sentenceOf(cause: Error): string {
  const code = 'code' in cause ? String(cause.code) : '';
  return SENTENCES[code] ?? `${cause.message}.`;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
