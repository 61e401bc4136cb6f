import type { Call, Inbound } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { NOTHING } from '../lib/rows.ts';
import { findHeaderMismatch } from '../wire/headers.ts';
import { nameHeaderOf } from '../wire/rev2026-07-28/registry.ts';
import type { Nothing, Step } from './step.ts';

interface Needs {
  readonly call: Call;
  readonly headers: Inbound['headers'];
}

/** MCP-Protocol-Version, Mcp-Method and Mcp-Name say what the body says (Streamable HTTP 2026-07-28 §Server Validation). */
export const checkMirroredHeaders: Step<Needs, Nothing> = ({ call, headers }, next) => {
  const detail = findHeaderMismatch(
    {
      protocolVersion: call.meta.protocolVersion,
      method: call.method,
      name: call.name,
      nameHeader: nameHeaderOf(call.method),
    },
    headers ?? {},
  );
  if (detail !== undefined) throw new GatewardError('HEADER_MISMATCH', { detail });
  return next(NOTHING);
};
