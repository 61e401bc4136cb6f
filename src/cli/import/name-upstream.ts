import { MERGED_SERVER, NAME_PATTERN } from '../../config/schema-fields.ts';

const MAX_NAME = 32;

/** A name for an upstream after what a client calls it, unlike all that are taken. */
export function nameUpstream(called: string, taken: ReadonlySet<string>): string {
  const plain = called
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  const stem = NAME_PATTERN.test(plain.slice(0, MAX_NAME)) ? plain.slice(0, MAX_NAME) : 'server';
  for (let count = 1; ; count += 1) {
    const suffix = count === 1 ? '' : `-${count}`;
    const name = stem.slice(0, MAX_NAME - suffix.length) + suffix;
    if (!taken.has(name) && name !== MERGED_SERVER) return name;
  }
}
