import type { Principal } from '../call.ts';
import type { Seal } from '../lib/seal.ts';

/** Where the next page of a merged list starts: after how many items of which source. */
export interface CursorPosition {
  readonly source: string;
  readonly offset: number;
  /** The name of the last of them, by which the place is found in a list that changed since. */
  readonly after: string | undefined;
}

/** Whom and what a cursor belongs to. Another caller, server or list cannot use it. */
export interface CursorBinding {
  readonly server: string;
  readonly method: string;
  readonly principal: Principal;
}

const USE = 'cursor';

/** A cursor for a client: opaque, and bound to who asked for what. */
export function sealCursor(seal: Seal, binding: CursorBinding, position: CursorPosition): string {
  return seal.seal(
    Buffer.from(JSON.stringify([bindingText(binding), position.source, position.offset, position.after])),
    USE,
  );
}

/** The position in a cursor; undefined for whatever this gateway did not give to this caller for this list. */
export function openCursor(seal: Seal, binding: CursorBinding, cursor: string): CursorPosition | undefined {
  const plain = seal.open(cursor, USE);
  if (plain === undefined) return undefined;
  const [bound, source, offset, after]: readonly unknown[] = JSON.parse(plain.toString('utf8'));
  if (bound !== bindingText(binding) || typeof source !== 'string' || typeof offset !== 'number')
    return undefined;
  return { source, offset, after: typeof after === 'string' ? after : undefined };
}

function bindingText({ server, method, principal }: CursorBinding): string {
  return JSON.stringify([server, method, principal.key]);
}
