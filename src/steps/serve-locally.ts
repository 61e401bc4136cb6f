import type { Call, Principal } from '../call.ts';
import { NOTHING } from '../lib/rows.ts';
import type { Tasks } from '../task/tasks.ts';
import type { Nothing, Step } from './step.ts';

interface Needs {
  readonly server: string;
  readonly principal: Principal;
  readonly call: Call;
}

/** What no upstream is asked: the tasks of this caller at this server. */
export function serveLocally(tasks: Pick<Tasks, 'serve'>): Step<Needs, Nothing> {
  return ({ server, principal, call }, next) =>
    tasks.serve(call, { server, principal: principal.key }) ?? next(NOTHING);
}
