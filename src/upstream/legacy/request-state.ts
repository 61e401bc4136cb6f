import type { AuthorizationContext, Call } from '../../call.ts';
import { digestJson } from '../../lib/digest-json.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Seal } from '../../lib/seal.ts';
import { salientParams } from '../../wire/rev2026-07-28/salient-params.ts';

/** What the state of a parked call says. */
export interface ParkedRef {
  /** Names the parked call. */
  readonly id: string;
  /** The round whose questions the client was asked. */
  readonly round: number;
  /** The replica that held the call when the client was asked. */
  readonly holder: string;
}

/** Whose state it is: a state is refused for any other upstream, call or caller. */
export interface StateOwner {
  readonly upstream: string;
  readonly call: Call;
  readonly context: AuthorizationContext;
}

const USE = 'parked-call';
const VERSION = 1;

/**
 * Writes the `requestState` of a parked call: sealed, and bound to the caller, the upstream and what the call does
 * (2026-07-28 patterns/mrtr §Server Requirements). `_meta` is not bound: it changes with each retry.
 */
export function sealState(
  seal: Seal,
  owner: StateOwner,
  { id, round, holder, expiresAtMs }: ParkedRef & { readonly expiresAtMs: number },
): string {
  const values = [VERSION, bindingOf(owner), id, round, holder, expiresAtMs];
  return seal.seal(Buffer.from(JSON.stringify(values)), USE);
}

/** Reads a `requestState`; undefined if it is not ours, not for this call and caller, or has expired. */
export function openState(
  seal: Seal,
  owner: StateOwner,
  { text, nowMs }: { readonly text: string; readonly nowMs: number },
): ParkedRef | undefined {
  const plain = seal.open(text, USE);
  if (plain === undefined) return undefined;
  const [version, binding, id, round, holder, expiresAtMs] = JsonText.parse(plain)
    .items()
    .map((item) => item.value());
  if (version !== VERSION || binding !== bindingOf(owner)) return undefined;
  if (typeof id !== 'string' || typeof round !== 'number' || typeof holder !== 'string') return undefined;
  return typeof expiresAtMs === 'number' && nowMs < expiresAtMs ? { id, round, holder } : undefined;
}

function bindingOf({ upstream, call, context }: StateOwner): string {
  const session = call.legacy?.session;
  // A task outlives the session of who made it, and is its principal's.
  const caller = session === undefined || call.task !== undefined ? null : [session.principal, session.key];
  return digestJson([
    upstream,
    context,
    call.principal ?? null,
    caller,
    call.method,
    salientParams(call.message),
  ]);
}
