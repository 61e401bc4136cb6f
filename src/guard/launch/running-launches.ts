import type { GatewardError } from '../../errors.ts';
import type { LaunchRequest } from '../../launch-permit.ts';

/** A launch whose program runs. */
export interface RunningLaunch {
  readonly request: LaunchRequest;
  /** What was approved; undefined where nobody had to. */
  readonly digest: string | undefined;
}

type End = (error: GatewardError) => void;

/** What runs now, by upstream. As many as there are programs, which limits of their own bound. */
export class RunningLaunches {
  readonly #faultOf: (launch: RunningLaunch) => Promise<GatewardError | undefined>;
  readonly #running = new Map<string, Map<RunningLaunch, End>>();

  /** `faultOf` says why a launch may not go on; it never rejects. */
  constructor(faultOf: (launch: RunningLaunch) => Promise<GatewardError | undefined>) {
    this.#faultOf = faultOf;
  }

  /** Keeps a launch in mind until the function that comes back is called. */
  add(launch: RunningLaunch, end: End): () => void {
    const { upstream } = launch.request;
    const own = this.#running.get(upstream) ?? new Map<RunningLaunch, End>();
    this.#running.set(upstream, own);
    // One permit may be asked for twice.
    const one = { ...launch };
    own.set(one, end);
    // What was decided after the permit was judged has not been told to it.
    void this.#reconsider(one);
    return () => void this.#take(one);
  }

  /** Ends what of an upstream may not go on. Never rejects. */
  async reconsider(upstream: string): Promise<void> {
    const own = [...(this.#running.get(upstream)?.keys() ?? [])];
    await Promise.all(own.map((launch) => this.#reconsider(launch)));
  }

  async #reconsider(launch: RunningLaunch): Promise<void> {
    const error = await this.#faultOf(launch);
    if (error !== undefined) this.#take(launch)?.(error);
  }

  #take(launch: RunningLaunch): End | undefined {
    const { upstream } = launch.request;
    const own = this.#running.get(upstream);
    const end = own?.get(launch);
    own?.delete(launch);
    if (own?.size === 0) this.#running.delete(upstream);
    return end;
  }
}
