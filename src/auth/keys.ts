import { timingSafeEqual } from 'node:crypto';
import type { Authenticate, Callers, Principal } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Feed } from '../store/fleet.ts';
import type { KeyRow, KeyTable } from '../store/store.ts';
import { isInForce } from './key-in-force.ts';
import { createKeyRows } from './key-rows.ts';
import { hashSecret, isKeyId, isWhole, readKey } from './key-text.ts';
import { createKeyWatch } from './key-watch.ts';

/** What keys are checked with. */
export interface KeysParts {
  readonly table: Pick<KeyTable, 'read'>;
  readonly feed: Pick<Feed, 'isFresh' | 'onKey' | 'onReset'>;
  readonly clock: Clock;
}

/** Callers with keys, until it is closed. */
export interface Keys extends Callers {
  close(): void;
}

/** RFC 6750 §2.1; the scheme is in any case (RFC 9110 §11.1). */
const BEARER = /^Bearer +([^\s]+) *$/i;
const PREFIX = 'key:';

/**
 * Tells callers by their keys: `Authorization: Bearer gwk_...`. A key that is known costs no read of the store. Its
 * revocation holds within a second; its end is looked at with each use.
 */
export function createKeys({ table, feed, clock }: KeysParts): Keys {
  const rows = createKeyRows({ table, feed, clock });
  const watch = createKeyWatch({ rows, feed, clock });
  const principals = new WeakMap<KeyRow, Principal>();

  const principalOf = (row: KeyRow): Principal => {
    const known = principals.get(row);
    if (known !== undefined) return known;
    const { id, servers } = row;
    const key = `${PREFIX}${id}`;
    const made: Principal = servers ? { key, kind: 'key', servers: new Set(servers) } : { key, kind: 'key' };
    principals.set(row, made);
    return made;
  };
  /** One refusal for all: what is wrong with a key is nobody's business but its holder's. */
  const admit = (row: KeyRow | undefined, secret: string | undefined): Principal => {
    if (row === undefined || !isInForce(row, clock.now())) throw new GatewardError('KEY_INVALID');
    if (secret !== undefined && !timingSafeEqual(hashSecret(secret), row.hash)) {
      throw new GatewardError('KEY_INVALID');
    }
    return principalOf(row);
  };
  const authenticate: Authenticate = (headers) => {
    const header = headers?.['authorization'];
    const text = typeof header === 'string' ? BEARER.exec(header)?.[1] : undefined;
    if (text === undefined) throw new GatewardError('KEY_REQUIRED');
    const key = readKey(text);
    if (key === undefined) throw new GatewardError('KEY_INVALID');
    const known = rows.peek(key.id);
    if (known !== undefined) return admit(known, key.secret);
    if (!isWhole(text)) throw new GatewardError('KEY_INVALID');
    return rows.read(key.id).then((row) => admit(row, key.secret));
  };
  return {
    authenticate,
    recall(principal) {
      const id = idOf(principal);
      // Who called while keys were not asked for has none.
      if (id === undefined) throw new GatewardError('KEY_REQUIRED');
      const known = rows.peek(id);
      return known === undefined
        ? rows.read(id).then((row) => admit(row, undefined))
        : admit(known, undefined);
    },
    watch(principal, onEnd) {
      const id = idOf(principal);
      return id === undefined ? () => undefined : watch.add(id, onEnd);
    },
    close() {
      watch.close();
      rows.close();
    },
  };
}

function idOf(principal: string): string | undefined {
  const id = principal.startsWith(PREFIX) ? principal.slice(PREFIX.length) : '';
  return isKeyId(id) ? id : undefined;
}
