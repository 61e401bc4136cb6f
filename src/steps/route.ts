import { type AuthorizationContext, type Call, OPERATOR, type Outcome, type Principal } from '../call.ts';
import type { CursorPosition } from '../catalog/cursor.ts';
import type { Asked, Catalog, Routed, ServerView } from '../catalog/server-view.ts';
import { GatewardError } from '../errors.ts';
import type { Step } from './step.ts';

interface Needs {
  readonly server: string;
  readonly call: Call;
  readonly principal: Principal;
  /** Unknown to a task's attempts, which list nothing. */
  readonly position?: CursorPosition | undefined;
}

/** What routing found: the server, and where the call goes. */
export interface RouteFound {
  readonly view: ServerView;
  readonly asked: Asked;
  readonly routed: Routed;
  readonly context: AuthorizationContext;
}

/** From the name in the call to the upstream and its own name for it; and back again in the outcome. */
export function route(catalog: Catalog): Step<Needs, RouteFound> {
  return ({ server, call, principal, position }, next) => {
    const view = catalog.server(server);
    if (view === undefined) throw new GatewardError('SERVER_NOT_FOUND');
    // Upstreams are reached by the operator's credential; those that keep callers apart do so by this.
    const context = principal.kind === 'local' ? OPERATOR : principal.key;
    const asked = { call, principal, context, position };
    const goOn = (routed: Routed): Promise<Outcome> => {
      const outcome = next({ view, asked, routed, context });
      return routed.kind === 'source' && routed.restore !== undefined
        ? outcome.then(routed.restore)
        : outcome;
    };
    const found = view.route(asked);
    return found instanceof Promise ? found.then(goOn) : goOn(found);
  };
}
