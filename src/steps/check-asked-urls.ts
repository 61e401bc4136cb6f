import { GatewardError } from '../errors.ts';
import { NOTHING } from '../lib/rows.ts';
import { asksForUnsafeUrl } from '../wire/asked-url.ts';
import type { Nothing, Step } from './step.ts';

/**
 * A person is asked to open addresses of the web alone, never one that starts a program or reads a file (2026-07-28
 * client/elicitation §Safe URL Handling). The call ends with UPSTREAM_INVALID, since nobody could answer.
 */
export const checkAskedUrls: Step<object, Nothing> = (_, next) =>
  next(NOTHING).then((outcome) => {
    if (outcome.kind !== 'input_required') return outcome;
    for (const [, request] of outcome.result.get('inputRequests')?.members() ?? []) {
      if (asksForUnsafeUrl(request.get('method')?.string(), request.get('params')))
        throw new GatewardError('UPSTREAM_INVALID', {
          detail: 'It asks to open an address that is not one of the web.',
        });
    }
    return outcome;
  });
