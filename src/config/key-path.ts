/** Where a value stands in the configuration: keys of maps and indexes of lists, from the outside in. */
export type KeyPath = readonly (string | number)[];

/** The path as people write it: `upstreams.github.args[2]`. Keys that would be misread stand in quotes. */
export function formatKeyPath(path: KeyPath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w$-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** The value at a path, or undefined where there is none. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

/** The value as a map, or undefined if it is none. */
export function asMap(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isMap(value) ? value : undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
