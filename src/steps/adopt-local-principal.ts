import type { Principal } from '../call.ts';
import type { Nothing, Step } from './step.ts';

const LOCAL: Principal = { key: 'local', kind: 'local' };

/** Without authentication the gateway listens on loopback only, and whoever reaches it is the machine's own user. */
export const adoptLocalPrincipal: Step<Nothing, { readonly principal: Principal }> = async (_, next) => {
  const outcome = await next({ principal: LOCAL });
  return { ...outcome, principal: LOCAL };
};
