import { isScalar, isSeq, parseDocument } from 'yaml';

/** One line of the expected-failures file: a whole scenario, or one check of it. */
export interface ExpectedFailure {
  readonly scenario: string;
  readonly checkId: string | undefined;
  readonly reason: string;
}

/**
 * Reads the `server:` list of an expected-failures file, in the public suite's format. Each line must give its reason
 * in a comment behind it. Throws a `TypeError` for any other content.
 */
export function parseExpectedFailures(text: string): ExpectedFailure[] {
  const list = parseDocument(text).get('server');
  if (list === undefined || list === null) return [];
  if (!isSeq(list)) throw new TypeError('expected-failures: `server` must be a list');
  return list.items.map((item) => {
    if (!isScalar(item) || typeof item.value !== 'string') {
      throw new TypeError('expected-failures: each line must be `scenario` or `scenario:check-id`');
    }
    const reason = item.comment?.trim() ?? '';
    if (reason === '') throw new TypeError(`expected-failures: ${item.value} has no reason behind it`);
    const [scenario = '', checkId] = item.value.split(':');
    return { scenario, checkId, reason };
  });
}
