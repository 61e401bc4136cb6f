/** The connector to a modern server over HTTP: Streamable HTTP 2026-07-28. */
import type { Outcome } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { Slots } from '../../lib/slots.ts';
import type { Connector } from '../connector.ts';
import { ModernExchange, type ModernHttpOptions, type Running } from './modern-exchange.ts';

/** `Mcp-Method` carries the method as it is, and no method of MCP needs more than this. */
const HEADER_SAFE = /^[\x21-\x7e]+$/;
/** Calls that may wait for a socket or run at a time; more are refused at once. */
const MAX_RUNNING = 16_384;

/**
 * Sends each call as it came, byte for byte, under headers of its own. Deadlines are built in. The dispatcher belongs
 * to the caller; `close` ends the calls in flight in UPSTREAM_LOST.
 */
export function createModernHttpConnector(options: ModernHttpOptions): Connector {
  const running = new Slots<Running>();
  let closed = false;
  return {
    call: (call, context) => {
      if (closed) return refuse('It was taken out of service.');
      if (!HEADER_SAFE.test(call.method)) return Promise.reject(new GatewardError('METHOD_NOT_FOUND'));
      if (running.size >= MAX_RUNNING) return refuse('Too many calls wait for it.');
      return new Promise<Outcome>((resolve, reject) => {
        const exchange = new ModernExchange({ options, call, context, running, resolve, reject });
        exchange.start();
      });
    },
    close: async () => {
      closed = true;
      for (const { exchange } of running) exchange.expire(new GatewardError('UPSTREAM_LOST'));
    },
  };
}

function refuse(detail: string): Promise<Outcome> {
  return Promise.reject(new GatewardError('UPSTREAM_UNAVAILABLE', { detail }));
}
