import type { JsonText } from '../../lib/json-text.ts';

/**
 * What a call asks for, apart from how often it was asked: the value of its `params` without `_meta`, `inputResponses`
 * and `requestState`, which differ with each retry (2026-07-28 patterns/mrtr). Null without params.
 */
export function salientParams(message: JsonText): unknown {
  const params = message.get('params');
  const salient = params?.with({ _meta: undefined, inputResponses: undefined, requestState: undefined });
  return salient?.value() ?? null;
}
