import { GatewardError } from './errors.ts';

/** The four lists of MCP. */
export type ListedKind = 'tools' | 'prompts' | 'resources' | 'templates';

/** One tool, prompt, resource or template, with the upstream's own name or URI. */
export interface Item {
  readonly name: string;
  /** The whole item as JSON. A text alone: parsed parts of many thousand items would take many times as much memory. */
  readonly text: string;
}

/** Why something of an upstream is kept from clients. */
export interface Hold {
  readonly code: 'DEFINITION_NOT_APPROVED' | 'UPSTREAM_NOT_APPROVED';
  /** Id of the approval that it waits for. */
  readonly id: string;
  /** The upstream's name once somebody rejected it there. Asked when a caller is told, since it may be rejected later. */
  readonly rejectedAt?: (() => string | undefined) | undefined;
}

/** What of a list is kept from clients, by name or URI. */
export type Holds = ReadonlyMap<string, Hold>;

/** How closely the things of one kind at one upstream are looked at. */
export interface Watchfulness {
  /** Whether anything can be held at all. */
  readonly looks: boolean;
  /** What is not known to be approved is held, so a call waits until its list is known and no change was announced since. */
  readonly strict: boolean;
  /** The list is read again before each call. */
  readonly eachCall: boolean;
}

/** A list or a page of one, as it was just read. */
export interface Inspected {
  readonly upstream: string;
  readonly kind: ListedKind;
  readonly items: readonly Item[];
  /** There is no more to the list than this. */
  readonly isWhole: boolean;
}

/**
 * Judges what upstreams say of themselves before a client sees it. Nothing of it rejects. A plain value where all is
 * known already.
 */
export interface Inspector {
  watchfulness(upstream: string, kind: ListedKind): Watchfulness;
  inspect(inspected: Inspected): Holds | Promise<Holds>;
  /** Judges the instructions of a server, as JSON; undefined for a server that gives none. */
  inspectInstructions(upstream: string, json: string | undefined): Promise<Hold | undefined>;
  /** Whether the upstream is who it was; what it is not keeps all of it from clients. */
  inspectIdentity(upstream: string): Hold | undefined | Promise<Hold | undefined>;
  /** Whether anything of this name was ever approved, for names that a list lacks. */
  isApprovedName(upstream: string, kind: ListedKind, name: string): boolean;
}

/** Holds nothing. */
export const NO_HOLDS: Holds = new Map();

/** Nothing can be held. */
export const NOT_WATCHED: Watchfulness = { looks: false, strict: false, eachCall: false };

/** Lets everything through. */
export const NO_INSPECTOR: Inspector = {
  watchfulness: () => NOT_WATCHED,
  inspect: () => NO_HOLDS,
  inspectInstructions: () => Promise.resolve(undefined),
  inspectIdentity: () => undefined,
  isApprovedName: () => true,
};

/** Milliseconds for which clients may keep an answer from which something was left out. */
export const HELD_TTL_MS = 5_000;

/** What a caller is told of something that is held. */
export function refusal({ code, id, rejectedAt }: Hold): GatewardError {
  const upstream = rejectedAt?.();
  const detail =
    upstream === undefined
      ? `It waits as ${id}.`
      : `It was read and rejected as ${id}. To allow it after all, approve the id that this shows: gateward server diff ${upstream} --state rejected`;
  return new GatewardError(code, { detail });
}

/** True if both hold the same names for the same reasons. */
export function isSameHolds(one: Holds, other: Holds): boolean {
  if (one.size !== other.size) return false;
  for (const [name, hold] of one) {
    const twin = other.get(name);
    if (twin?.id !== hold.id || twin.code !== hold.code) return false;
  }
  return true;
}
