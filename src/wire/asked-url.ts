import type { JsonText } from '../lib/json-text.ts';
import { isOpenableUrl } from '../lib/web-url.ts';

/**
 * Whether a question to a client would have a person open what nobody should: a URL elicitation (2026-07-28
 * client/elicitation §Safe URL Handling) whose address is none of the web.
 */
export function asksForUnsafeUrl(method: string | undefined, params: JsonText | undefined): boolean {
  if (method !== 'elicitation/create' || params?.get('mode')?.string() !== 'url') return false;
  return !isOpenableUrl(params.get('url')?.string() ?? '');
}
