import type { Call, Principal } from '../call.ts';
import type { Step } from './step.ts';

const KNOWN: { readonly principal: Principal } = { principal: { key: 'local', kind: 'local' } };

/**
 * Without authentication the gateway listens on loopback only, and whoever reaches it is the machine's own user. The
 * outcome says so only where a session may come of it, since that is all that asks.
 */
export const adoptLocalPrincipal: Step<{ readonly call: Call }, typeof KNOWN> = ({ call }, next) => {
  const outcome = next(KNOWN);
  return call.method === 'server/discover' ? outcome.then((known) => ({ ...known, ...KNOWN })) : outcome;
};
