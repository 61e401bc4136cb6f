/** A statement that the database prepares once for each connection. */
export interface Statement {
  /** Unique among all statements; their number is bounded. */
  readonly name: string;
  readonly text: string;
  /** Whether it goes before others when many wait: what tells that a replica lives, and keeps caches valid. */
  readonly isUrgent: boolean;
}

/**
 * Milliseconds since 1970 by the database's clock. Of the statement's start: distributed databases refuse what is
 * different in each row (`clock_timestamp`) where they push a statement down to the nodes.
 */
export const NOW = '(extract(epoch FROM now()) * 1000)::bigint';

/** Microseconds since 1970, to put rows into the order in which they came. */
export const ORDER = '(extract(epoch FROM now()) * 1000000)::bigint';

const names = /^[a-z_]{3,40}$/;

/** Names a statement. */
export function statement(name: string, text: string, { isUrgent = false } = {}): Statement {
  if (!names.test(name)) throw new TypeError('the name of a statement is a word');
  return { name: `gateward_${name}`, text, isUrgent };
}
