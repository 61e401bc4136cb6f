import type { Call } from '../call.ts';
import type { Asked, Source } from '../catalog/server-view.ts';
import type { FlowGuard } from '../guard/result/flow-guard.ts';
import type { Step } from './step.ts';

interface Needs {
  readonly asked: Asked;
  readonly call: Call;
  readonly source: Source;
}

/**
 * What an untrusted upstream returned goes into a tool that passes it on only if the user agrees. The answer is for the
 * gateway alone, so neither the call nor the task that it may become has it any more.
 */
export function guardFlow(flow: FlowGuard): Step<Needs, Pick<Needs, 'asked' | 'call'>> {
  return ({ asked, call, source }, next) => {
    const checked = flow.check(source.name, call);
    if ('ask' in checked) return Promise.resolve(checked.ask);
    if (checked.call === call) return next({ asked, call });
    return next({ asked: { ...asked, call: flow.withoutAnswer(asked.call) }, call: checked.call });
  };
}
