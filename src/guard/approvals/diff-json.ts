import { hasHidden, nameHidden, showHidden } from '../../lib/hidden-text.ts';
import { JsonText } from '../../lib/json-text.ts';

/** One field that differs, as people must see it: whole, with hidden characters named. */
export interface Difference {
  /** JSON pointer (RFC 6901); empty for the value itself. That of a removed field is where it stood. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** A string is quoted, with `<U+202E>` for what cannot be seen; all else is JSON. Absent for what was added. */
  readonly before?: string;
  /** Absent for what was removed. */
  readonly after?: string;
  /** Whether a character that cannot be seen stands in it; ends of lines and tabs do not count. */
  readonly hidden: boolean;
}

const LAYOUT = /[\t\n\r]/g;

/**
 * Field by field what differs between two texts of canonical JSON, in the order of the second. Compares texts, so that
 * numbers too large for JavaScript differ where they differ. Without a text before, every field was added.
 */
export function diffJson(before: string | undefined, after: string): readonly Difference[] {
  const differences: Difference[] = [];
  const old = before === undefined ? undefined : parse(before);
  compare({ path: '', before: old, after: parse(after) }, differences);
  return differences;
}

/** A field of one or both. */
interface Field {
  readonly path: string;
  readonly before: JsonText | undefined;
  readonly after: JsonText | undefined;
}

function parse(text: string): JsonText {
  return JsonText.parse(Buffer.from(text));
}

function compare(field: Field, differences: Difference[]): void {
  const { before, after } = field;
  if (before !== undefined && after !== undefined && before.text === after.text) return;
  const parts = partsOf(field);
  if (parts === undefined) differences.push(describe(field));
  else for (const part of parts) compare(part, differences);
}

/** What a field is compared by; undefined for one that is compared as a whole. */
function partsOf({ path, before, after }: Field): readonly Field[] | undefined {
  const kinds = [before, after].filter((side) => side !== undefined).map(({ kind }) => kind);
  if (kinds.every((kind) => kind === 'object')) {
    const fields = membersOf(path, new Map(before?.members()), new Map(after?.members()));
    // An empty object has no fields, and is there all the same.
    return fields.length > 0 ? fields : undefined;
  }
  if (!kinds.every((kind) => kind === 'array')) return undefined;
  const fields = itemsOf(path, before?.items() ?? [], after?.items() ?? []);
  return fields.length > 0 ? fields : undefined;
}

function membersOf(
  path: string,
  before: ReadonlyMap<string, JsonText>,
  after: ReadonlyMap<string, JsonText>,
): readonly Field[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.map((key) => ({
    path: `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    before: before.get(key),
    after: after.get(key),
  }));
}

/** What both begin and end with is the same; between, one item stands for the other. */
function itemsOf(path: string, before: readonly JsonText[], after: readonly JsonText[]): readonly Field[] {
  const isSame = (a: JsonText | undefined, b: JsonText | undefined): boolean =>
    a !== undefined && b !== undefined && a.text === b.text;
  let start = 0;
  while (isSame(before[start], after[start])) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && isSame(before.at(-1 - end), after.at(-1 - end))) end += 1;
  const count = Math.max(before.length, after.length) - end - start;
  return Array.from({ length: count }, (_, n) => start + n).map((index) => ({
    path: `${path}/${index}`,
    before: index < before.length - end ? before[index] : undefined,
    after: index < after.length - end ? after[index] : undefined,
  }));
}

function describe({ path, before, after }: Field): Difference {
  const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  const texts = [path, before?.string() ?? before?.text ?? '', after?.string() ?? after?.text ?? ''];
  return {
    path: nameHidden(path),
    change,
    ...(before !== undefined && { before: show(before) }),
    ...(after !== undefined && { after: show(after) }),
    hidden: texts.some((text) => hasHidden(text.replaceAll(LAYOUT, ''))),
  };
}

function show(value: JsonText): string {
  const text = value.string();
  return text === undefined ? nameHidden(value.text) : showHidden(text);
}
