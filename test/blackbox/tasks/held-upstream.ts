/** An upstream that knows no tasks: its tools end when the test says so, and it writes down what it ran. */
import { expect, vi } from 'vitest';
import type { Json } from '../../support/front-door.ts';
import {
  ANSWERED,
  Fault,
  type Method,
  type ScriptedServer,
  startScripted,
  type Turn,
  text,
} from '../../support/scripted-server.ts';

/** One run of a tool. */
export interface Run {
  readonly tool: string;
  readonly label: string;
  /** Fires when whoever called has hung up. */
  readonly gone: AbortSignal;
  readonly headers: Turn['headers'];
  readonly params: Json;
}

export interface HeldUpstream {
  readonly url: string;
  readonly server: ScriptedServer;
  /** The runs of a label, oldest first. */
  runs(label: string): readonly Run[];
  /** Waits until a label has had so many runs, one unless told. */
  seen(label: string, runs?: number): Promise<void>;
  /** Lets the runs of a label end, those to come included. */
  release(label: string): void;
  close(): Promise<void>;
}

const SEEN_WITHIN = { timeout: 15_000, interval: 20 };
const QUESTION = {
  method: 'elicitation/create',
  params: {
    message: 'Who?',
    requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  },
};

/** Starts it. */
export async function startHeldUpstream(): Promise<HeldUpstream> {
  const all: Run[] = [];
  const gates = new Map<string, { readonly open: Promise<void>; readonly release: () => void }>();
  const gateOf = (label: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const gate = gates.get(label) ?? { open: promise, release: resolve };
    gates.set(label, gate);
    return gate;
  };
  const runs = (label: string): Run[] => all.filter((run) => run.label === label);
  const note = (
    tool: string,
    { params, gone, headers }: Turn,
  ): { readonly args: Json; readonly label: string } => {
    const args: Json = Object(params['arguments']);
    const label = String(args['label']);
    all.push({ tool, label, gone, headers, params });
    return { args, label };
  };
  const heldUntilReleased = async ({ gone }: Turn, label: string): Promise<boolean> => {
    const left = new Promise<void>((resolve) =>
      gone.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([gateOf(label).open, left]);
    return !gone.aborted;
  };
  const tools: Record<string, Method> = {
    /** Ends when it is released. */
    work: async (turn) => {
      const { label } = note('work', turn);
      return (await heldUntilReleased(turn, label)) ? text(`worked on ${label}`) : ANSWERED;
    },
    /** Ends in a tool error once it is released. */
    fail: async (turn) => {
      const { label } = note('fail', turn);
      await heldUntilReleased(turn, label);
      return { ...text(`could not do ${label}`), isError: true };
    },
    /** Ends in a JSON-RPC error once it is released: `code`, on the first `times` runs. */
    refuse: async (turn) => {
      const { args, label } = note('refuse', turn);
      if (runs(label).length > Number(args['times'] ?? 1)) return text(`worked on ${label}`);
      await heldUntilReleased(turn, label);
      throw new Fault(Number(args['code']), 'Not now', { label });
    },
    /** Breaks the connection on the first `times` runs, once it is released. */
    drop: async (turn) => {
      const { args, label } = note('drop', turn);
      if (runs(label).length > Number(args['times'] ?? 1)) return text(`worked on ${label}`);
      await heldUntilReleased(turn, label);
      turn.response.destroy();
      return ANSWERED;
    },
    /** Answers 503 to the first `times` runs. */
    overloaded: async (turn) => {
      const { args, label } = note('overloaded', turn);
      if (runs(label).length > Number(args['times'] ?? 1)) return text(`worked on ${label}`);
      turn.response.writeHead(503).end();
      return ANSWERED;
    },
    /** Asks `keys` at once, then works until it is released. */
    ask: async (turn) => {
      const { args, label } = note('ask', turn);
      const keys: string[] = Object(args)['keys'] ?? ['who'];
      const given: Json = Object(turn.params['inputResponses']);
      if (keys.some((key) => given[key] === undefined)) {
        const inputRequests = Object.fromEntries(keys.map((key) => [key, QUESTION]));
        return { resultType: 'input_required', inputRequests, requestState: `state of ${label}` };
      }
      await heldUntilReleased(turn, label);
      const names = keys.map((key) => String(Object(Object(given[key]).content).name));
      return text(`${names.join(' and ')}, with the ${String(turn.params['requestState'])}`);
    },
    /** Reports progress, then works until it is released. */
    report: async (turn) => {
      const { label } = note('report', turn);
      const { progressToken } = Object(turn.params['_meta']);
      if (progressToken !== undefined) turn.notify('notifications/progress', { progressToken, progress: 1 });
      return (await heldUntilReleased(turn, label)) ? text(`worked on ${label}`) : ANSWERED;
    },
    /** Gives a text of so many bytes once it is released. */
    large: async (turn) => {
      const { args, label } = note('large', turn);
      await heldUntilReleased(turn, label);
      return text('x'.repeat(Number(args['bytes'])));
    },
  };
  const server = await startScripted({ name: 'held', tools });
  return {
    url: server.url,
    server,
    runs,
    seen: (label, count = 1) => vi.waitFor(() => expect(runs(label)).toHaveLength(count), SEEN_WITHIN),
    release: (label) => gateOf(label).release(),
    async close() {
      for (const { release } of gates.values()) release();
      await server.close();
    },
  };
}

/** The answer to a question. */
export function nameIs(name: string): Json {
  return { action: 'accept', content: { name } };
}
