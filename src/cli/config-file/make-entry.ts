import { GatewardError } from '../../errors.ts';
import {
  findSecretParts,
  isHarmless,
  isSecretName,
  looksSecret,
  mergeParts,
  type SecretPart,
} from './find-secret-parts.ts';

/** Puts a secret away and gives the reference that stands for it. `label` says what it is. */
export type KeepSecret = (label: string, value: string) => string;

/** The values of a map whose names or looks are secret, each by a reference; the others as they are. */
export function keepValues(
  values: Readonly<Record<string, string>>,
  keep: KeepSecret,
): Readonly<Record<string, string>> {
  const entries = Object.entries(values).map(([name, value]) => {
    const isPlain = !isSecretName(name, value) && !looksSecret(value);
    return [name, isPlain || isReference(value) ? value : keep(name, value)] as const;
  });
  return Object.fromEntries(entries);
}

/** Headers whose values say how to answer, and to whom nothing is opened. */
const PLAIN_HEADER =
  /^(?:accept|content-|user-agent$|origin$)|(?:version|region|mode|read-?only|toolsets?|tools|features?|locale|language|time-?zone|environment)$/i;

/**
 * Headers likewise, where only values that are known to be harmless stay: headers are how callers prove who they are. The
 * value of a header that names an authentication scheme keeps the scheme.
 */
export function keepHeaders(
  headers: Readonly<Record<string, string>>,
  keep: KeepSecret,
): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => {
    const [, scheme = '', rest = value] = /^(Bearer +|Basic +|Token +)(.+)$/i.exec(value) ?? [];
    if (isReference(rest)) return [name, value] as const;
    const isKnown = PLAIN_HEADER.test(name) && !isSecretName(name, value) && !looksSecret(value);
    const isPlain = scheme === '' && (isKnown || isHarmless(value));
    return [name, isPlain ? value : scheme + keep(name, rest)] as const;
  });
  return Object.fromEntries(entries);
}

/** The arguments of a command with their secrets by reference: after options that name one, and by how they look. */
export function keepArgs(args: readonly string[], keep: KeepSecret): readonly string[] {
  return args.map((arg, index) => {
    const before = args[index - 1] ?? '';
    const option = /^--?([A-Za-z][\w.-]*)$/.exec(before)?.[1];
    if (option !== undefined && !arg.startsWith('-') && isSecretName(option, arg) && !isReference(arg))
      return keep(option, arg);
    return replaceParts(arg, mergeParts([...namedPart(arg), ...findSecretParts(arg)]), (value) =>
      keep(nameOf(arg) ?? option ?? 'argument', value),
    );
  });
}

/**
 * The URL of an endpoint with the secrets of its path and query by reference. A user and password, which the gateway
 * sends as a header, come apart from it.
 */
export function keepUrl(
  text: string,
  keep: KeepSecret,
): { readonly url: string; readonly authorization: string | undefined } {
  const [, scheme = '', user, rest = ''] =
    /^([a-z][a-z0-9+.-]*:\/\/)(?:([^/?#@]*)@)?(.*)$/is.exec(text) ?? [];
  if (scheme === '') return { url: text, authorization: undefined };
  const host = /^[^/?#]*/.exec(rest)?.[0].length ?? 0;
  // A host has to be found in the file; what looks drawn by chance in it is a name all the same.
  const parts = findSecretParts(rest).filter(({ start }) => start >= host);
  const url = scheme + replaceParts(rest, parts, (value) => keep('url', value));
  if (user === undefined) return { url, authorization: undefined };
  return { url, authorization: `Basic ${keep('authorization', encodeBasic(user))}` };
}

/** Whether headers say already who asks. Their names are the same in any case (RFC 9110 §5.1). */
export function hasAuthorization(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
}

/** RFC 7617 §2, of what stands in a URL. */
function encodeBasic(user: string): string {
  const text = user.includes(':') ? user : `${user}:`;
  try {
    return Buffer.from(decodeURIComponent(text)).toString('base64');
  } catch (cause) {
    throw new GatewardError('INPUT_UNREADABLE', {
      detail: 'The user or password in the URL is not valid.',
      cause,
    });
  }
}

function replaceParts(text: string, parts: readonly SecretPart[], make: (value: string) => string): string {
  let at = 0;
  let made = '';
  for (const { start, end } of parts) {
    const value = text.slice(start, end);
    made += text.slice(at, start) + (isReference(value) ? value : make(value));
    at = end;
  }
  return made + text.slice(at);
}

const NAMED = /^(?:--?)?([A-Za-z][\w.-]*)(=|:\s*)(.+)$/s;

/** How often a name may stand before another: `--header=X-Key: VALUE` has two. */
const MAX_NAMES = 3;

/** `--token=VALUE`, `TOKEN=VALUE`, `Authorization: Bearer VALUE`, and these again as the value of an option. */
function namedPart(arg: string, depth = 1): SecretPart[] {
  const [, name = '', sign = '', value = ''] = NAMED.exec(arg) ?? [];
  if (sign === '' || value.startsWith('//')) return [];
  if (!isSecretName(name, value)) {
    const at = arg.length - value.length;
    const inner = depth < MAX_NAMES ? namedPart(value, depth + 1) : [];
    return inner.map(({ start, end }) => ({ start: at + start, end: at + end }));
  }
  const scheme = /^(?:Bearer|Basic|Token) +/i.exec(value)?.[0].length ?? 0;
  return isReference(value.slice(scheme))
    ? []
    : [{ start: arg.length - value.length + scheme, end: arg.length }];
}

function nameOf(arg: string): string | undefined {
  return NAMED.exec(arg)?.[1];
}

/** What stands for a value already. */
function isReference(value: string): boolean {
  return /^\$\{[^{}]+\}$/.test(value);
}

/** The texts of an entry with `${` as the configuration writes it, so that nothing is put in their place. */
export function escapeReferences(text: string): string {
  return text.replaceAll('${', '$${');
}
