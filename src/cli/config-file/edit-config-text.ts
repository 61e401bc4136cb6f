import { isDeepStrictEqual } from 'node:util';
import { applyEdits, modify } from 'jsonc-parser';
import { asMap } from '../../config/key-path.ts';
import { GatewardError } from '../../errors.ts';
import { changeUpstream, cutUpstream, insertUpstream, rewriteYaml, valueOfYaml } from './edit-yaml.ts';
import { tidyEntry, type UpstreamEntry } from './upstream-entry.ts';

/** The names of the upstreams in the text of a configuration, and of the servers in it. */
export function namesIn(text: string): { readonly upstreams: string[]; readonly servers: string[] } {
  const value = asMap(valueOfYaml(text)) ?? {};
  const names = (key: string): string[] => Object.keys(asMap(value[key]) ?? {});
  return { upstreams: names('upstreams'), servers: names('servers') };
}

/** What the text of a configuration says of an upstream; undefined if there is none of this name. */
export function entryIn(text: string, name: string): unknown {
  const upstreams = asMap(asMap(valueOfYaml(text))?.['upstreams']) ?? {};
  return Object.hasOwn(upstreams, name) ? upstreams[name] : undefined;
}

/**
 * The text of a configuration (YAML or JSON) with one more upstream. Comments, order and whatever does not have to change
 * stay. The text must be valid YAML, and have no upstream of this name.
 *
 * @throws GatewardError CONFIG_INVALID if no text can be made that means just that.
 */
export function addUpstream(text: string, name: string, entry: UpstreamEntry): string {
  const tidy = tidyEntry(entry);
  return change(text, { name, entry: tidy, splice: (plain) => insertUpstream(plain, name, tidy) });
}

/** The same without an upstream that it has. */
export function removeUpstream(text: string, name: string): string {
  return change(text, { name, entry: undefined, splice: (plain) => cutUpstream(plain, name) });
}

interface Change {
  readonly name: string;
  readonly entry: UpstreamEntry | undefined;
  readonly splice: (text: string) => string | undefined;
}

function change(text: string, { name, entry, splice }: Change): string {
  const bom = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const plain = text.slice(bom.length).replaceAll('\r\n', '\n');
  const wanted = expected(valueOfYaml(plain), name, entry);
  const ways = isJson(plain)
    ? [() => changeJson(plain, name, entry)]
    : [() => splice(plain), () => rewriteYaml(plain, (document) => changeUpstream(document, name, entry))];
  for (const way of ways) {
    const made = way();
    if (made !== undefined && means(made, wanted))
      return bom + (text.includes('\r\n') ? made.replaceAll('\n', '\r\n') : made);
  }
  const detail = `The form of the file keeps "upstreams.${name}" from being changed in it. Change it by hand.`;
  throw new GatewardError('CONFIG_INVALID', { detail });
}

function expected(value: unknown, name: string, entry: UpstreamEntry | undefined): unknown {
  const whole = asMap(value) ?? {};
  const { [name]: _, ...others } = asMap(whole['upstreams']) ?? {};
  return { ...whole, upstreams: entry === undefined ? others : { ...others, [name]: entry } };
}

function means(text: string, wanted: unknown): boolean {
  try {
    return isDeepStrictEqual(valueOfYaml(text), wanted);
  } catch {
    return false;
  }
}

function isJson(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function changeJson(text: string, name: string, entry: UpstreamEntry | undefined): string {
  const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  const insertSpaces = !indent.includes('\t');
  const formattingOptions = { insertSpaces, tabSize: insertSpaces ? indent.length : 1, eol: '\n' };
  return applyEdits(text, modify(text, ['upstreams', name], entry, { formattingOptions }));
}
