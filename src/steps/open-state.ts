import { bindState, openBoundState } from '../auth/bound-state.ts';
import type { Call, Outcome, Principal } from '../call.ts';
import { type CursorPosition, openCursor } from '../catalog/cursor.ts';
import type { Catalog } from '../catalog/server-view.ts';
import { GatewardError } from '../errors.ts';
import type { Seal } from '../lib/seal.ts';
import type { Step } from './step.ts';

interface Needs {
  readonly server: string;
  readonly call: Call;
  readonly principal: Principal;
}

interface Opened {
  readonly call: Call;
  readonly position: CursorPosition | undefined;
}

/**
 * A cursor that the gateway gave is opened here, bound to its caller, or refused (2026-07-28 pagination: invalid
 * cursors are -32602). The cursors of a server with one upstream are the upstream's and pass as they are. Where callers
 * are told apart, the `requestState` of a call is its caller's too; that of a legacy client never leaves its session.
 */
export function openState(catalog: Catalog, seal: Seal): Step<Needs, Opened> {
  return ({ server, call, principal }, next) => {
    if (call.method.endsWith('/list')) {
      const cursor = call.message.at('params', 'cursor');
      if (cursor === undefined || catalog.server(server)?.single === true)
        return next({ call, position: undefined });
      const position = openCursor(seal, { server, method: call.method, principal }, cursor.string() ?? '');
      if (position === undefined) throw new GatewardError('CURSOR_INVALID');
      return next({ call, position });
    }
    if (principal.kind === 'local' || call.legacy !== undefined) return next({ call, position: undefined });
    const own = { server, call };
    return next({ call: withOpenState(seal, own), position: undefined }).then((outcome) =>
      withBoundState(seal, own, outcome),
    );
  };
}

type Own = Pick<Needs, 'server' | 'call'>;

function withOpenState(seal: Seal, own: Own): Call {
  const { call } = own;
  const params = call.message.get('params');
  const given = params?.get('requestState');
  if (params === undefined || given === undefined) return call;
  const requestState = openBoundState(seal, own, given);
  if (requestState === undefined) throw new GatewardError('STATE_INVALID');
  return { ...call, message: call.message.with({ params: params.with({ requestState }) }) };
}

function withBoundState(seal: Seal, own: Own, outcome: Outcome): Outcome {
  if (outcome.kind !== 'input_required') return outcome;
  const state = outcome.result.get('requestState');
  if (state === undefined) return outcome;
  return { ...outcome, result: outcome.result.with({ requestState: bindState(seal, own, state) }) };
}
