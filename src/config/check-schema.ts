import type { z } from 'zod';
import { describeConfig, type JsonSchemaNode } from './json-schema.ts';
import { asMap, formatKeyPath, type KeyPath, valueAt } from './key-path.ts';
import { locate, type YamlText } from './locate.ts';
import { configFileSchema } from './schema.ts';
import { httpUpstreamSchema, stdioUpstreamSchema } from './schema-upstream.ts';
import { suggestKey } from './suggest-key.ts';
import type { ConfigFile, ConfigProblem } from './types.ts';

type Issue = z.core.$ZodIssue;

/** A fault and the path that it is about. */
interface Fault {
  readonly path: KeyPath;
  readonly message: string;
}

/** What the schema says of a file: its value with defaults, or every fault. */
export type Checked =
  | { readonly file: ConfigFile; readonly problems: readonly [] }
  | { readonly file: undefined; readonly problems: readonly ConfigProblem[] };

/**
 * Checks the plain value of a file by the schema. Two things are mended first, in the value itself: an empty map
 * (`listen:` with nothing after it), and a number or boolean that came as text by substitution.
 */
export function checkSchema(text: YamlText, value: unknown, changed: ReadonlySet<unknown>): Checked {
  const first = configFileSchema.safeParse(value);
  if (first.success) return { file: first.data, problems: [] };
  for (const issue of flatten(first.error.issues, value)) mend({ text, value, changed }, issue);
  const second = configFileSchema.safeParse(value);
  if (second.success) return { file: second.data, problems: [] };
  const issues = flatten(second.error.issues, value);
  const unknown = issues.some(({ code }) => code === 'unrecognized_keys');
  const meant: Meant = { value, root: unknown ? describeConfig() : {} };
  const faults = issues.flatMap((issue) => describeIssue(issue, meant));
  return { file: undefined, problems: faults.map((fault) => placeFault(text, fault)) };
}

/** Adds the place in the text to a fault. */
export function placeFault(text: YamlText, { path, message }: Fault): ConfigProblem {
  const { line, column } = locate(text, path);
  return { line, column, key: formatKeyPath(path), message };
}

/** The issues of the kind of upstream that is meant take the place of the issues of every kind. */
function flatten(issues: readonly Issue[], root: unknown, base: KeyPath = []): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...base, ...issue.path.map(toPart)];
    if (issue.code !== 'invalid_union') return [{ ...issue, path }];
    const [first = [], second = []] = issue.errors;
    const value = asMap(valueAt(root, path));
    if (path.length === 2 && path[0] === 'upstreams' && value !== undefined && !('url' in value)) {
      if ('command' in value) return flatten(second, root, path);
      const message = 'needs "url" (an HTTP upstream) or "command" (a program to start)';
      const needed: Issue = { code: 'custom', message, path, input: undefined };
      // A mistyped "command" is the usual reason.
      const keys = unknownKeys(first).filter((key) => unknownKeys(second).includes(key));
      const unknown: Issue = { code: 'unrecognized_keys', message: '', keys, path, input: {} };
      return keys.length === 0 ? [needed] : [needed, unknown];
    }
    return flatten(first, root, path);
  });
}

/** The keys of the value itself that its schema does not know. */
function unknownKeys(issues: readonly Issue[]): readonly string[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
  );
}

function toPart(part: PropertyKey): string | number {
  return typeof part === 'number' ? part : String(part);
}

interface Mending {
  readonly text: YamlText;
  readonly value: unknown;
  readonly changed: ReadonlySet<unknown>;
}

function mend({ text, value, changed }: Mending, issue: Issue): void {
  if (issue.code !== 'invalid_type' && issue.code !== 'invalid_value') return;
  const path = issue.path.map(toPart);
  const parent = valueAt(value, path.slice(0, -1));
  const key = path.at(-1);
  if (typeof parent !== 'object' || parent === null || key === undefined) return;
  const given = valueAt(value, path);
  const expected = issue.code === 'invalid_type' ? issue.expected : undefined;
  if (given === null && (expected === 'object' || expected === 'record')) Reflect.set(parent, key, {});
  if (typeof given !== 'string' || !changed.has(locate(text, path).node)) return;
  if ((expected === 'number' || expected === 'int') && /^\d{1,15}$/.test(given))
    Reflect.set(parent, key, Number(given));
  if (expected === 'boolean' && /^(?:true|false)$/.test(given)) Reflect.set(parent, key, given === 'true');
}

/** What issues are described by: the value, and what the schema knows (made only for unknown keys: it takes a while). */
interface Meant {
  readonly value: unknown;
  readonly root: JsonSchemaNode;
}

function describeIssue(issue: Issue, meant: Meant): Fault[] {
  const path = issue.path.map(toPart);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => describeUnknownKey([...path, key], meant));
    case 'invalid_type':
      return [{ path, message: describeType(issue.expected, valueAt(meant.value, path)) }];
    case 'too_small':
      return [{ path, message: describeBound(issue.origin, 'at least', issue.minimum) }];
    case 'too_big':
      return [{ path, message: describeBound(issue.origin, 'at most', issue.maximum) }];
    case 'invalid_value':
      return [{ path, message: `Must be one of: ${issue.values.map(String).join(', ')}.` }];
    case 'invalid_key':
      return [{ path, message: sentence(issue.issues[0]?.message ?? 'is no name') }];
    default:
      return [{ path, message: sentence(issue.message) }];
  }
}

function describeUnknownKey(path: KeyPath, { value, root }: Meant): Fault {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  const map = asMap(valueAt(value, parent));
  if (parent.length === 2 && parent[0] === 'upstreams' && map !== undefined) {
    const http = 'url' in map;
    if (http && 'command' in map && key === 'command') {
      return { path, message: 'An upstream has "url" or "command", not both; remove one.' };
    }
    const other = http ? stdioUpstreamSchema : httpUpstreamSchema;
    if (Object.hasOwn(other.shape, key)) {
      return {
        path,
        message: `"${key}" is not for an upstream with "${http ? 'url' : 'command'}"; remove it.`,
      };
    }
  }
  return { path, message: `Unknown key "${key}". ${suggestKey(root, parent, key)}` };
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a whole number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};

function describeType(expected: string, given: unknown): string {
  const kind = KINDS[expected] ?? expected;
  if (given === undefined) return `This key is missing; give it ${kind}.`;
  const quotes =
    expected === 'string' && /^(?:number|boolean)$/.test(typeof given) ? '; put it in quotes' : '';
  return `Must be ${kind}, not ${kindOf(given)}${quotes}.`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a number with a fraction';
  return KINDS[typeof value] ?? typeof value;
}

function describeBound(origin: string, word: string, bound: number | bigint): string {
  if (origin === 'string')
    return bound === 1 && word === 'at least'
      ? 'Must not be empty.'
      : `Must have ${word} ${bound} characters.`;
  if (origin === 'array') return `Must have ${word} ${bound} entries.`;
  return `Must be ${word} ${bound}.`;
}

function sentence(text: string): string {
  const end = /[.?!]$/.test(text) ? '' : '.';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`;
}
