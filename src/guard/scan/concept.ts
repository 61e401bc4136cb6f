/**
 * What a word can mean to the scanner, one bit each. Rules are sequences of these, never words: a new word for an old
 * thought goes into the lexicon, and every rule knows it.
 */
export const CONCEPT = {
  /** Ignore, disregard, forget. */
  override: 1 << 0,
  /** Bypass, supersede, skip: dropping something, but said of honest things too. */
  bypass: 1 << 1,
  /** Instructions, guidelines, policies. */
  instruction: 1 << 2,
  /** Previous, above, existing. */
  prior: 1 << 3,
  /** All, any, your, every. */
  any: 1 << 4,
  /** Security checks, safety guidelines, access controls. */
  safety: 1 << 5,
  user: 1 << 6,
  /** Silently, without telling. */
  conceal: 1 << 7,
  /** Do not, never, without. */
  not: 1 << 8,
  /** Tell, mention, reveal. */
  tell: 1 << 9,
  /** Files that hold secrets. */
  place: 1 << 10,
  /** Secrets by their kind: keys, passwords, environment variables. */
  credential: 1 << 11,
  /** The conversation, the system prompt. */
  conversation: 1 << 12,
  /** Send, upload, post. */
  send: 1 << 13,
  /** Append, embed, pass: carrying along. */
  carry: 1 << 14,
  /** Somewhere outside: a URL, an address, a remote server. */
  external: 1 << 15,
  /** Must, always, important. */
  directive: 1 << 16,
  /** Exfiltrate, steal. */
  exfiltrate: 1 << 17,
  /** Read, collect, search. */
  read: 1 << 18,
  /** Confirmation, approval, consent. */
  consent: 1 << 19,
  /** Another tool, by an identifier or as "tool". */
  tool: 1 << 20,
  /** Call, use, invoke. */
  call: 1 << 21,
  /** Text that speaks as the system or to the model. */
  role: 1 << 22,
  /** What says that the next words are only spoken about: detects, such as. */
  mention: 1 << 23,
  /** After, once, whenever. */
  when: 1 << 24,
  /** Running commands, deleting everything. */
  execute: 1 << 25,
  /** You are now, act as. */
  persona: 1 << 26,
  /** Results, files, data, contents, pages. */
  data: 1 << 27,
  /** Obey, follow, treat as. */
  obey: 1 << 28,
  /** Reroute, intercept, replace the output. */
  change: 1 << 29,
  /** And, also, then, instead. */
  join: 1 << 30,
  /** A parameter or another identifier. */
  argument: 1 << 31,
} as const;

/** What the end of a sentence is read as. */
export const STOP = 0;

/** One concept. */
export type Concept = keyof typeof CONCEPT;

/** The mask of some concepts by their names. Throws TypeError for a concept that there is not. */
export function maskOf(names: readonly string[]): number {
  return names.reduce((mask, name) => mask | CONCEPT[toConcept(name)], 0);
}

function toConcept(name: string): Concept {
  if (isConcept(name)) return name;
  throw new TypeError(`no concept is named "${name}"`);
}

function isConcept(name: string): name is Concept {
  return Object.hasOwn(CONCEPT, name);
}
