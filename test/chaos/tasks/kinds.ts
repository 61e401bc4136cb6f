import { seatOf } from '../ledger.ts';

/** What a kind of task is like. */
export interface Kind {
  /** The server that it is made at, which has one upstream of the same name. */
  readonly server: 'plain' | 'native' | 'legacy';
  readonly tool: string;
  /** How long the tool works: at random up to so much. */
  readonly maxWorkMs: number;
  /** Whether it may run twice. */
  readonly isRepeatable?: boolean;
  /** A task of the upstream's own: it goes on there, whatever happens to the gateway. */
  readonly isKeptUpstream?: boolean;
  /** What it asks its user in turn, several questions at a time. */
  readonly questions?: readonly (readonly string[])[];
  /** Its client cancels it. */
  readonly isCancelled?: boolean;
  /** It is deleted soon after its end. */
  readonly isBrief?: boolean;
}

/** Longer than any client waits: such a task ends by being cancelled, unless its client was never told of it. */
const ENDLESS_MS = 45_000;

/**
 * The kinds. The first ones are promoted while they are under way, some just before or after their end; `report`, `ask`
 * and `brief` are tasks from the start.
 */
export const KINDS = {
  slow: { server: 'plain', tool: 'slow', maxWorkMs: 4_000 },
  looked: { server: 'plain', tool: 'look', maxWorkMs: 4_000, isRepeatable: true },
  reported: { server: 'plain', tool: 'report', maxWorkMs: 4_000 },
  asked: { server: 'plain', tool: 'ask', maxWorkMs: 100, questions: [['seat', 'meal'], ['bag']] },
  brief: { server: 'plain', tool: 'brief', maxWorkMs: 500, isBrief: true },
  cancelled: { server: 'plain', tool: 'endless', maxWorkMs: ENDLESS_MS, isCancelled: true },
  resumed: { server: 'legacy', tool: 'stream', maxWorkMs: 8_000 },
  native: { server: 'native', tool: 'own', maxWorkMs: 2_500, isKeptUpstream: true },
  nativeAsked: {
    server: 'native',
    tool: 'ownAsk',
    maxWorkMs: 500,
    isKeptUpstream: true,
    questions: [['seat']],
  },
  nativeCancelled: {
    server: 'native',
    tool: 'ownEndless',
    maxWorkMs: ENDLESS_MS,
    isKeptUpstream: true,
    isCancelled: true,
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof KINDS;

/** What tasks of a name are like. */
export const kindOf = (name: KindName): Kind => KINDS[name];

/** In which order tasks are made. Every kind comes up, the plain ones most. */
export const TURNS: readonly KindName[] = [
  'slow',
  'native',
  'reported',
  'asked',
  'looked',
  'brief',
  'slow',
  'cancelled',
  'resumed',
  'nativeAsked',
  'reported',
  'looked',
  'nativeCancelled',
];

/** What ends tasks of which no client knows: nobody answers them, nobody cancels them. */
const INPUT_MS = 30_000;
const DEADLINE_MS = 60_000;
/** Milliseconds that a call may take before it becomes a task. */
export const PROMOTE_AFTER_MS = 300;
/** Milliseconds for which a brief task is kept after its end. */
export const BRIEF_MS = 15_000;
export const POLL_MS = 200;
/** Times that a repeatable call is made: more than replicas can be killed in its time. */
const ATTEMPTS = 20;

/** How the upstreams stand in the configuration, and what holds for tasks. */
export function configureTasks(urls: Readonly<Record<Kind['server'], string>>): Record<string, unknown> {
  const tasks = { promoteAfterMs: PROMOTE_AFTER_MS, deadlineMs: DEADLINE_MS, inputMs: INPUT_MS };
  const retry = { attempts: ATTEMPTS, delayMs: 200, maxDelayMs: 1_000 };
  const tools = {
    report: { mode: 'always' },
    ask: { mode: 'always' },
    brief: { mode: 'always', retentionMs: BRIEF_MS },
  };
  return {
    tasks: { pollIntervalMs: POLL_MS, maxPerPrincipal: 1_000_000 },
    upstreams: {
      plain: { url: urls.plain, repeatable: [KINDS.looked.tool], tasks: { ...tasks, retry, tools } },
      native: { url: urls.native, tasks },
      legacy: { url: urls.legacy, tasks },
    },
  };
}

/** What a tool asks by one question of one call. */
export const wordingOf = (token: string, question: string): string => `${token} ${question}`;

/** The only right result of a call: what its user answered is in it. */
export function rightResult(kind: Kind, token: string): string {
  const questions = (kind.questions ?? []).flat();
  return [token, ...questions.map((question) => seatOf(wordingOf(token, question)))].join(' ');
}
