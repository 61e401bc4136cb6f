import type { Outcome } from '../call.ts';
import { HELD_TTL_MS, type Holds, type Item } from '../inspector.ts';
import { joinItems } from '../lib/json-edit.ts';
import { JsonText } from '../lib/json-text.ts';
import type { BoundaryParts, Crossing } from './boundary.ts';
import { LIST_KINDS, type ListKind, listKindOf } from './list-kinds.ts';
import { takeKnown } from './listings.ts';
import { ownSession } from './server-view.ts';

/**
 * Takes out of what an upstream answered what is held: of its own lists, and of what it says of itself. All else stays
 * as its bytes came.
 */
export function createHoldBack(
  parts: BoundaryParts & { readonly onHeld: (upstream: string, kind: ListKind) => void },
): (crossing: Crossing, outcome: Outcome) => Outcome | Promise<Outcome> {
  const { listings, inspector, sessions, onHeld } = parts;

  const holdItems = async (crossing: Crossing, kind: ListKind, result: JsonText): Promise<JsonText> => {
    const { source, call, context } = crossing;
    const { member, key } = LIST_KINDS[kind];
    const page = result.get(member)?.items() ?? [];
    const isWhole = !isPage(call, result);
    const peeked = listings.peek(source, kind, context);
    // What is new is told from what was seen first by whole lists only. One reading is enough for all pages.
    const known = isWhole ? peeked : (peeked ?? (await listings.read(source, kind, context)));
    const told = page.map((json): Item => ({ name: json.get(key)?.string() ?? '', text: json.text }));
    const items = takeKnown(told, known);
    const holds = await inspector.inspect({ upstream: source.name, kind, items, isWhole });
    const session = ownSession(source, call.legacy);
    if (session !== undefined) sessions.note({ source, session, kind, items, holds });
    // It is not what is known: calls are to wait until that is read again.
    const isNews = known !== undefined && items.some((item) => known.all.get(item.name) !== item);
    if (isNews) listings.invalidate(source, kind, context);
    if (holds.size === 0) return result;
    onHeld(source.name, kind);
    return leaveOut(result, { kind, items, page, holds });
  };

  return (crossing, outcome) => {
    if (outcome.kind !== 'complete') return outcome;
    const { source, call } = crossing;
    const { result } = outcome;
    const kind = listKindOf(call.method);
    if (kind !== undefined) {
      if (!inspector.watchfulness(source.name, kind).looks) return outcome;
      return holdItems(crossing, kind, result).then((shown) => withResult(outcome, shown));
    }
    if (call.method !== 'server/discover') return outcome;
    const said = inspector.inspectInstructions(source.name, result.get('instructions')?.text);
    return said.then((hold) =>
      hold === undefined ? outcome : withResult(outcome, result.with({ instructions: undefined })),
    );
  };
}

function isPage({ message }: Crossing['call'], result: JsonText): boolean {
  return result.get('nextCursor') !== undefined || message.at('params', 'cursor') !== undefined;
}

interface Page {
  readonly kind: ListKind;
  readonly page: readonly JsonText[];
  readonly items: readonly Item[];
  readonly holds: Holds;
}

function leaveOut(result: JsonText, { kind, page, items, holds }: Page): JsonText {
  const left = page.filter((_, index) => !holds.has(items[index]?.name ?? ''));
  const ttl = result.get('ttlMs')?.number() ?? 0;
  return result.with({
    [LIST_KINDS[kind].member]: joinItems(left),
    ...(ttl > HELD_TTL_MS && { ttlMs: JsonText.of(HELD_TTL_MS) }),
  });
}

function withResult(outcome: Outcome & { kind: 'complete' }, result: JsonText): Outcome {
  return result === outcome.result ? outcome : { ...outcome, result };
}
