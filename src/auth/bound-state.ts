import type { Call } from '../call.ts';
import { digestJson } from '../lib/digest-json.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Seal } from '../lib/seal.ts';
import { salientParams } from '../wire/rev2026-07-28/salient-params.ts';

/** Whose state it is, and of which call: any other caller, server or call cannot use it. */
export interface StateBinding {
  readonly server: string;
  /** A call whose principal is known. */
  readonly call: Call;
}

const USE = 'request-state';
const VERSION = 1;

/** A `requestState` for one caller: an upstream knows the gateway's credential alone, and cannot tell callers apart. */
export function bindState(seal: Seal, binding: StateBinding, state: JsonText): JsonText {
  const plain = JSON.stringify([VERSION, digestOf(binding), state.text]);
  return JsonText.of(seal.seal(Buffer.from(plain), USE));
}

/** The upstream's own state, as it gave it. Undefined for whatever was not given to this caller for this call. */
export function openBoundState(seal: Seal, binding: StateBinding, given: JsonText): JsonText | undefined {
  const plain = seal.open(given.string() ?? '', USE);
  if (plain === undefined) return undefined;
  const [version, digest, state]: readonly unknown[] = JSON.parse(plain.toString('utf8'));
  const isOwn = version === VERSION && digest === digestOf(binding) && typeof state === 'string';
  return isOwn ? JsonText.parse(Buffer.from(state)) : undefined;
}

function digestOf({ server, call }: StateBinding): string {
  return digestJson([call.principal ?? null, server, call.method, salientParams(call.message)]);
}
