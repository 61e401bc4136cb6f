import type { Callers, Principal } from '../call.ts';

/** Whoever reaches a gateway without authentication, and the operator of any gateway: the machine's own user. */
export const LOCAL: Principal = Object.freeze({ key: 'local', kind: 'local' });

/** Without authentication the gateway listens on loopback only, so every caller is the machine's own user. */
export const ANYBODY: Callers = Object.freeze({
  authenticate: () => LOCAL,
  recall: () => LOCAL,
  watch: () => () => undefined,
});
