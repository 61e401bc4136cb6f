import type { Call, Principal } from '../call.ts';
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

const NO_POSITION = { position: undefined };

/**
 * A cursor that the gateway gave is opened here, bound to its caller, or refused (2026-07-28 pagination: invalid
 * cursors are -32602). The cursors of a server with one upstream are the upstream's and pass as they are.
 */
export function openState(
  catalog: Catalog,
  seal: Seal,
): Step<Needs, { readonly position: CursorPosition | undefined }> {
  return ({ server, call, principal }, next) => {
    const cursor = call.method.endsWith('/list') ? call.message.at('params', 'cursor') : undefined;
    if (cursor === undefined || catalog.server(server)?.single === true) return next(NO_POSITION);
    const position = openCursor(seal, { server, method: call.method, principal }, cursor.string() ?? '');
    if (position === undefined) throw new GatewardError('CURSOR_INVALID');
    return next({ position });
  };
}
