import type { Call, Notify } from '../call.ts';
import type { Source } from '../catalog/server-view.ts';
import { type FlowGuard, saidBy } from '../guard/result/flow-guard.ts';
import type { Step } from './step.ts';

interface Needs {
  readonly call: Call;
  readonly source: Source;
}

/**
 * What an untrusted upstream tells a caller is remembered for `guardFlow`: results, errors, questions and notifications.
 * It stands above the cache, since what comes from there is told too, and above `guardResult`, so that it is what the
 * caller gets.
 */
export function noteTold(flow: FlowGuard): Step<Needs, { readonly call: Call }> {
  return ({ call, source }, next) => {
    if (!flow.isUntrusted(source.name)) return next({ call });
    const notify: Notify = (notification) => {
      flow.note(source.name, call.principal, notification.get('params'));
      return call.notify(notification);
    };
    return next({ call: { ...call, notify } }).then((outcome) => {
      flow.note(source.name, call.principal, saidBy(outcome));
      return outcome;
    });
  };
}
