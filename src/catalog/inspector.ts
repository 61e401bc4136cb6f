import { GatewardError } from '../errors.ts';
import type { Item } from './collect-list.ts';
import type { ListKind } from './list-kinds.ts';

/** Why something of an upstream is kept from clients. */
export interface Hold {
  readonly code: 'DEFINITION_NOT_APPROVED' | 'UPSTREAM_NOT_APPROVED';
  /** Id of the approval that it waits for. */
  readonly id: string;
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
  readonly kind: ListKind;
  readonly items: readonly Item[];
}

/**
 * Judges what upstreams say of themselves before a client sees it. Nothing of it rejects. A plain value where all is
 * known already.
 */
export interface Inspector {
  watchfulness(upstream: string, kind: ListKind): Watchfulness;
  inspect(inspected: Inspected): Holds | Promise<Holds>;
  /** Judges the instructions of a server, as JSON; undefined for a server that gives none. */
  inspectInstructions(upstream: string, json: string | undefined): Promise<Hold | undefined>;
  /** Whether the upstream is who it was; what it is not keeps all of it from clients. */
  inspectIdentity(upstream: string): Hold | undefined | Promise<Hold | undefined>;
  /** Whether anything of this name was ever approved, for names that a list lacks. */
  isApprovedName(upstream: string, kind: ListKind, name: string): boolean;
}

/** Holds nothing. */
export const NO_HOLDS: Holds = new Map();

const BLIND: Watchfulness = { looks: false, strict: false, eachCall: false };

/** Lets everything through. */
export const NO_INSPECTOR: Inspector = {
  watchfulness: () => BLIND,
  inspect: () => NO_HOLDS,
  inspectInstructions: () => Promise.resolve(undefined),
  inspectIdentity: () => undefined,
  isApprovedName: () => true,
};

/** Milliseconds for which clients may keep an answer from which something was left out. */
export const HELD_TTL_MS = 5_000;

/** What a caller is told of something that is held. */
export function refusal({ code, id }: Hold): GatewardError {
  return new GatewardError(code, { detail: `It waits as ${id}.` });
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
