import type { Callers, Handle, Outcome } from './call.ts';
import type { CatalogBoundary } from './catalog/catalog.ts';
import type { Definitions } from './catalog/definitions.ts';
import type { ResultCache } from './catalog/result-cache.ts';
import type { Catalog } from './catalog/server-view.ts';
import type { FlowGuard } from './guard/result/flow-guard.ts';
import type { ResultGuard } from './guard/result/result-guard.ts';
import type { Log } from './lib/log.ts';
import { foldRows, type Row } from './lib/rows.ts';
import type { Seal } from './lib/seal.ts';
import { answerFromCatalog } from './steps/answer-from-catalog.ts';
import { authenticate } from './steps/authenticate.ts';
import { authorize } from './steps/authorize.ts';
import { callUpstream } from './steps/call-upstream.ts';
import { checkAskedUrls } from './steps/check-asked-urls.ts';
import { checkMirroredHeaders } from './steps/check-mirrored-headers.ts';
import { checkParamHeaders } from './steps/check-param-headers.ts';
import { checkPin } from './steps/check-pin.ts';
import { guardFlow } from './steps/guard-flow.ts';
import { guardResult } from './steps/guard-result.ts';
import { noteTold } from './steps/note-told.ts';
import { noteWrapping } from './steps/note-wrapping.ts';
import { openState } from './steps/open-state.ts';
import { resolveSession } from './steps/resolve-session.ts';
import { route } from './steps/route.ts';
import { runAsTask } from './steps/run-as-task.ts';
import { serveLocally } from './steps/serve-locally.ts';
import type { Door, Start, Step } from './steps/step.ts';
import { useCache } from './steps/use-cache.ts';
import type { Tasks } from './task/tasks.ts';
import { failedBy } from './wire/failure.ts';

/** What the rows need, made by the composition root. */
export interface PipelineParts {
  readonly callers: Callers;
  readonly catalog: Catalog;
  readonly definitions: Definitions;
  readonly boundary: CatalogBoundary;
  readonly cache: ResultCache;
  readonly results: ResultGuard;
  readonly flow: FlowGuard;
  readonly tasks: Pick<Tasks, 'run' | 'serve'>;
  readonly seal: Seal;
  readonly log: Log;
}

/** The request, drawn once: rows are steps in order, outermost first; columns are doors. */
export function createPipeline(parts: PipelineParts): Handlers {
  const { callers, catalog, definitions, boundary, cache, results, flow, tasks, seal, log } = parts;
  const [LH, MH, SE, TK] = ['LH', 'MH', 'SE', 'TK'] as const;
  // biome-ignore format: a table
  return startTable(log)
    //                                    legacy  modern  sse  task
    .use(checkMirroredHeaders,                    MH             ) // version, Mcp-Method, Mcp-Name: -32020
    .use(authenticate(callers),           LH,     MH,     SE,  TK) // whose key it is; without keys: loopback only
    .use(authorize,                       LH,     MH,     SE,  TK) // a server that the key does not open does not exist
    .use(resolveSession,                  LH,             SE     ) // a session is its owner's, or does not exist
    .use(serveLocally(tasks),             LH,     MH,     SE     ) // tasks/*: answered here
    .use(openState(catalog, seal),        LH,     MH,     SE     ) // cursors and states: unsealed and bound to the caller, or refused
    .use(route(catalog),                  LH,     MH,     SE,  TK) // name -> server, upstream, the upstream's own name
    .use(answerFromCatalog,               LH,     MH,     SE,  TK) // discover, lists and listen, where they are not one upstream's
    .use(checkParamHeaders(definitions),          MH             ) // Mcp-Param-*: needs the tool's definition
    .use(checkPin(boundary),              LH,     MH,     SE,  TK) // what is not approved can be neither seen nor used
    .use(guardFlow(flow),                 LH,     MH,     SE     ) // what untrusted upstreams said goes into sinks if the user agrees
    .use(runAsTask(tasks),                LH,     MH,     SE     ) // slow calls of clients that know tasks; attempts run the TK rows
    .use(noteWrapping(definitions),       LH,             SE,  TK) // results of tools whose schema legacy lists show wrapped
    .use(noteTold(flow),                  LH,     MH,     SE,  TK) // what the caller is told by untrusted upstreams
    .use(useCache(cache),                 LH,     MH,     SE     ) // reads that may be cached, per authorization context
    .use(guardResult(results, definitions), LH,   MH,     SE,  TK) // hidden text, secrets, instructions: out, or labelled
    .use(checkAskedUrls,                  LH,     MH,     SE,  TK) // people are asked to open addresses of the web alone
    .use(callUpstream(catalog),           LH,     MH,     SE,  TK)
    .handlers();
}

/** The finished pipeline: one handler for each door. */
export type Handlers = Readonly<Record<Door, Handle>>;

/** What is known at each door so far. */
type Known = Record<Door, object>;

/** The doors at which everything that a step needs is known. */
type Fits<C extends Known, N> = { [K in Door]: C[K] extends N ? K : never }[Door];

/** What is known below a row at the doors `D` that adds `A`; a field of the same name is replaced. */
type Below<C extends Known, D extends Door, A> = {
  [K in Door]: K extends D ? Omit<C[K], keyof A> & A : C[K];
};

/** The table while it is written, as one chain whose type carries what each door knows so far. */
export interface Table<C extends Known> {
  use<N extends object, A extends object, D extends Fits<C, N>>(
    step: Step<N, A>,
    ...doors: readonly D[]
  ): Table<Below<C, D, A>>;
  handlers(): Handlers;
}

interface RowAtDoors {
  readonly row: Row<Outcome>;
  readonly doors: readonly Door[];
}

/** The empty table: every door knows what it was handed. */
export function startTable(log: Log): Table<Record<Door, Start>> {
  return tableOf([], log);
}

function tableOf<C extends Known>(rows: readonly RowAtDoors[], log: Log): Table<C> {
  return {
    use: (step, ...doors) => tableOf([...rows, { row: { run: step }, doors }], log),
    handlers: () => ({
      LH: handler(rows, 'LH', log),
      MH: handler(rows, 'MH', log),
      SE: handler(rows, 'SE', log),
      TK: handler(rows, 'TK', log),
    }),
  };
}

/** The rows of one door as one function that never rejects: what a step throws becomes an error outcome. */
function handler(rows: readonly RowAtDoors[], door: Door, log: Log): Handle {
  const run = foldRows(rows.filter(({ doors }) => doors.includes(door)).map(({ row }) => row));
  return async (inbound) => {
    try {
      return await run(inbound);
    } catch (thrown) {
      const failed = failedBy(thrown);
      // A call that its client gave up ends so: nothing failed.
      const isGivenUp = thrown === inbound.call.signal.reason;
      if (failed.code === 'INTERNAL_ERROR' && !isGivenUp)
        log.error('a step failed', { method: inbound.call.method, thrown });
      return failed;
    }
  };
}
