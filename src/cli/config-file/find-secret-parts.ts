/** A part of a text that must not stand in a file in plain text: offsets, `end` exclusive. */
export interface SecretPart {
  readonly start: number;
  readonly end: number;
}

/** Words of names whose values are secret. `KEY` alone is, `KEYBOARD` is not. */
const SECRET_NAME =
  /auth|cookie|token|secret|passw|passphrase|credential|api[-_]?key|private[-_]?key|access[-_]?key|(?:^|[-_.])(?:key|keys|pat|pwd|pass|dsn|jwt|bearer|session|sid|sig|signature|salt|otp|pin|seed|mnemonic|webhook|connection[-_]?string|conn[-_]?str|(?:database|db|redis|mongo|mongodb|postgres|pg|amqp|broker)[-_]?(?:url|uri))(?:$|[-_.])|(?:Key|Secret|Token|Pat|Pwd)$/i;
/** Names of places where a secret lies: the place is none. */
const PLACE_NAME = /(?:path|file|dir|folder|credentials)$/i;
const PLACE_VALUE = /^(?:[/~]|[A-Za-z]:[\\/])/;
const HARMLESS_VALUE = /^(?:true|false|yes|no|on|off|none|null|\d{1,4})?$/i;
/** What well-known services begin their keys with. */
const KNOWN_TOKEN =
  /\b(?:gh[pousr]_|github_pat_|glpat-|sk-|pk_|rk_|sk_|xox[abeprs]-|xapp-|AKIA|ASIA|AIza|ya29\.|ntn_|secret_|lin_api_|hf_|npm_|pypi-|dop_v1_|figd_|pat-|shpat_|SG\.|key-|eyJ|gwk_|ctx7sk-|tvly-|fc-|napi_|sbp_|r8_|gsk_|xai-|phc_|phx_)[A-Za-z0-9_.+/=~-]{6,}/g;
/** `//user:password@host`, in addresses of any scheme. */
const USER_INFO = /:\/\/([^\s/@:]*):([^\s/@]+)@/g;
/** `?token=VALUE` of an address, `"apiKey": "VALUE"` of JSON in a text. */
const PARAMETER = /[?&;]([^\s=&;#?]{1,100})=([^\s&;#"']+)/g;
const MEMBER = /["']([\w.-]{1,100})["']\s*:\s*["']([^"'\\]+)["']/g;
const PIECE = /[A-Za-z0-9_+~%.=-]{12,}/g;
/** Digests name public things. */
const DIGEST = /sha(?:256|512)[:-]$/;
const MIN_RANDOM = 12;
const MIN_WORDLESS = 32;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** Whether a value opens nothing, whatever its name. */
export function isHarmless(value: string): boolean {
  return HARMLESS_VALUE.test(value);
}

/** Whether the value of something of this name is secret by the name alone. */
export function isSecretName(name: string, value: string): boolean {
  if (isHarmless(value)) return false;
  if (PLACE_NAME.test(name) && PLACE_VALUE.test(value)) return false;
  return SECRET_NAME.test(name);
}

/** Whether any part of a text is secret by how it looks: a key of a well-known service, a password in an address, chance. */
export function looksSecret(text: string): boolean {
  return findSecretParts(text).length > 0;
}

/** The parts of a text that are secret by their looks or by a name before them, in order, none inside another. Errs on the side of calling text secret. */
export function findSecretParts(text: string): SecretPart[] {
  const parts: SecretPart[] = [];
  for (const { index, 0: found } of text.matchAll(KNOWN_TOKEN))
    parts.push({ start: index, end: index + found.length });
  for (const { index, 0: found, 2: password = '' } of text.matchAll(USER_INFO)) {
    const end = index + found.length - 1;
    parts.push({ start: end - password.length, end });
  }
  for (const form of [PARAMETER, MEMBER]) {
    for (const { index, 0: found, 1: name = '', 2: value = '' } of text.matchAll(form)) {
      const end = index + found.length - (form === MEMBER ? 1 : 0);
      if (isSecretName(name, value)) parts.push({ start: end - value.length, end });
    }
  }
  for (const { index, 0: found } of text.matchAll(PIECE)) {
    if (!isRandom(found) || DIGEST.test(text.slice(0, index))) continue;
    parts.push({ start: index, end: index + found.length });
  }
  return mergeParts(parts);
}

/** Parts in order, with those that touch made one. */
export function mergeParts(parts: readonly SecretPart[]): SecretPart[] {
  const merged: SecretPart[] = [];
  for (const part of parts.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && part.start <= last.end) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, part.end) };
    } else merged.push(part);
  }
  return merged;
}

/** Whether a run of characters looks drawn by chance: names and versions are words and short numbers. */
function isRandom(run: string): boolean {
  if (UUID.test(run)) return true;
  return run.split(/[-_.=+~%]/).some((word) => {
    if (word.length >= MIN_WORDLESS) return true;
    return word.length >= MIN_RANDOM && /\d/.test(word) && /[A-Za-z]/.test(word) && changes(word) >= 2;
  });
}

/** How often letters and digits take turns. */
function changes(word: string): number {
  return [...word.matchAll(/[A-Za-z](?=\d)|\d(?=[A-Za-z])/g)].length;
}
