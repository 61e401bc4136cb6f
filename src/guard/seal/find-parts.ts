import type { Part, Selector } from './client-file.ts';
import { isTree, membersOf } from './formats/tree.ts';

/** The parts of a document that its selectors name, each once, in the order of the selectors. */
export function findParts(document: unknown, selectors: readonly Selector[]): readonly Part[] {
  const found = new Map<string, Part>();
  for (const selector of selectors) {
    for (const part of select(document, selector, [])) {
      if (!found.has(part.pointer)) found.set(part.pointer, part);
    }
  }
  return [...found.values()];
}

function* select(value: unknown, selector: Selector, path: readonly string[]): Generator<Part> {
  const key = selector.at[path.length];
  if (key === undefined) {
    yield makePart(selector, path, value);
    return;
  }
  for (const [name, member] of membersOf(value)) {
    if (key === '*' || key === name) yield* select(member, selector, [...path, name]);
  }
}

/** A part at a place. */
export function makePart(selector: Selector, path: readonly string[], value: unknown): Part {
  const { kind, protects } = selector;
  const pointer = toPointer(path);
  return {
    kind,
    path,
    pointer,
    name: nameOf(kind, path),
    value,
    ...(protects ? { protects } : {}),
    ...(isIdle(selector, value) ? { isIdle: true } : {}),
  };
}

function isIdle({ kind, protects }: Selector, value: unknown): boolean {
  if (kind === 'server' || protects) return false;
  if (value === false || value === null || value === undefined || value === '') return true;
  return Array.isArray(value) ? value.length === 0 : isTree(value) && Object.keys(value).length === 0;
}

function nameOf(kind: Part['kind'], path: readonly string[]): string {
  const last = path.at(-1) ?? '';
  return kind === 'trust' ? path.join('.') : last;
}

/** A JSON Pointer (RFC 6901). */
export function toPointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Whether a path leads to or into something that is sealed, so that it must be clear. */
export function concernsParts(path: readonly string[], selectors: readonly Selector[]): boolean {
  return selectors.some(({ at }) =>
    at.slice(0, path.length).every((key, depth) => key === '*' || key === path[depth]),
  );
}
