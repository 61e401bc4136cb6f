import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { GatewardError } from '../errors.ts';

const BEARER = /^Bearer +([^\s]+)$/i;

/**
 * Takes only requests with the administrator's key (`Authorization: Bearer`, RFC 6750 §2.1), and none from a web page:
 * browsers send an Origin with every request that another site could forge.
 *
 * @throws GatewardError ADMIN_KEY_REQUIRED, ORIGIN_REFUSED
 */
export function checkKey(headers: IncomingHttpHeaders, key: string): void {
  if (headers.origin !== undefined) {
    throw new GatewardError('ORIGIN_REFUSED', { detail: 'The admin API serves no web pages.' });
  }
  const given = BEARER.exec(headers.authorization ?? '')?.[1];
  if (given === undefined || !isSame(given, key)) throw new GatewardError('ADMIN_KEY_REQUIRED');
}

/** Digests are of one length and compared in constant time, so the time tells nothing of the key. */
function isSame(given: string, key: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(key));
}
