import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Seen } from '../../store/approval-table.ts';

/** Characters of a text that a store is given to keep: it keeps very many. */
export const MAX_TEXT = 256 * 1024;

/** Grave, since nobody can read what they would approve. */
const TOO_LARGE = {
  rule: 'too-large',
  at: '',
  reason: 'It is too large to be shown. Its digest covers the whole.',
  dangerous: true,
};
const TOO_MANY = {
  rule: 'too-many-findings',
  at: '',
  reason: 'A scan found more in it than can be shown.',
  dangerous: true,
};

/**
 * What of a seen thing is kept: all of it, or in place of a text above MAX_TEXT one that says how large it was, and a
 * finding. The digest stays that of the whole.
 */
export function fitSeen(seen: Seen): Seen {
  const { body } = seen;
  const findings = seen.findings.length > MAX_TEXT ? JSON.stringify([TOO_MANY]) : seen.findings;
  if (body.length <= MAX_TEXT) return findings === seen.findings ? seen : { ...seen, findings };
  const found: unknown = JSON.parse(findings);
  return {
    ...seen,
    body: canonicalJson({ tooLarge: true, bytes: Buffer.byteLength(body) }),
    findings: JSON.stringify([TOO_LARGE, ...(Array.isArray(found) ? found : [])]),
  };
}
