import type { AuthorizationContext } from '../call.ts';
import type { Item } from '../inspector.ts';
import { JsonText } from '../lib/json-text.ts';
import { withSafeIcons } from '../wire/safe-links.ts';
import { LIST_KINDS, type ListKind } from './list-kinds.ts';
import { byMergedName, mergeName } from './names.ts';
import { withTaskSupport } from './offered-tasks.ts';
import { publishTool } from './publish-tool.ts';
import type { ResourceUris } from './resource-uris.ts';
import { restoreToolUris } from './restore-uris.ts';
import type { SelectedSource } from './select.ts';

/** The items of one upstream's list, to be written for clients of a merged server. */
export interface ItemsQuestion {
  readonly kind: ListKind;
  readonly selected: SelectedSource;
  readonly items: readonly Item[];
  readonly context: AuthorizationContext;
  /** Whether tools say which of them can be tasks. */
  readonly tells: boolean;
}

/** Writes the items of lists as clients see them. */
export interface ItemWriter {
  /** Writes the item at an index; undefined for one that clients may not see. */
  of(question: ItemsQuestion): (index: number) => string | undefined;
}

/** An item that is not shown. */
const HIDDEN = null;

type Written = WeakMap<readonly Item[], (string | typeof HIDDEN)[]>;

/** Makes the writer of a merged server. What depends on the item alone is written once for as long as its list is kept. */
export function createItemWriter(uris: ResourceUris): ItemWriter {
  const plain: Written = new WeakMap();
  const telling: Written = new WeakMap();
  const owners = new WeakMap<readonly Item[], ReadonlyMap<string, Item>>();
  const ownersOf = ({ kind, items, selected }: ItemsQuestion): ReadonlyMap<string, Item> => {
    const known = owners.get(items);
    if (known !== undefined) return known;
    const taken = items.filter(({ name }) => selected.takes(kind, name));
    const made = byMergedName(selected.source.name, taken);
    owners.set(items, made);
    return made;
  };
  return {
    of(question) {
      const { kind, items, tells } = question;
      if (kind === 'resources' || kind === 'templates') return (index) => writeUri(uris, question, index);
      const written = tells ? telling : plain;
      const texts = written.get(items) ?? [];
      written.set(items, texts);
      return (index) => {
        const known = texts[index];
        if (known !== undefined) return known ?? undefined;
        const item = items[index];
        if (item === undefined) return undefined;
        const name = mergeName(question.selected.source.name, item.name);
        const isOwner = ownersOf(question).get(name) === item;
        const text = (isOwner ? writeNamed(uris, question, item) : undefined) ?? HIDDEN;
        // Where a URI leads depends on what other upstreams list by then.
        if (!item.text.includes('resourceUri')) texts[index] = text;
        return text ?? undefined;
      };
    },
  };
}

function writeNamed(
  uris: ResourceUris,
  { kind, selected, context, tells }: ItemsQuestion,
  item: Item,
): string | undefined {
  const json = JsonText.written(item.text);
  const shown = kind === 'tools' ? publishTool(json, selected.source) : withSafeIcons(json);
  const renamed = shown?.with({ name: JsonText.of(mergeName(selected.source.name, item.name)) });
  if (renamed === undefined || kind !== 'tools') return renamed?.text;
  const tool = restoreToolUris(renamed, (uri) => uris.toClient(selected, uri, context));
  return (tells ? withTaskSupport(tool, item.name, selected.tasks) : tool).text;
}

function writeUri(
  uris: ResourceUris,
  { kind, selected, items, context }: ItemsQuestion,
  index: number,
): string | undefined {
  const item = items[index];
  if (item === undefined) return undefined;
  const uri = uris.toClient(selected, item.name, context);
  const shown = withSafeIcons(JsonText.written(item.text));
  return uri === item.name ? shown.text : shown.with({ [LIST_KINDS[kind].key]: JsonText.of(uri) }).text;
}
