import type { Call, Outcome } from '../call.ts';
import { type ErrorCode, GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Seal } from '../lib/seal.ts';
import type { AnswerListen } from './answer-listen.ts';
import type { Discoveries } from './discoveries.ts';
import { subjectOf } from './held-subject.ts';
import { listKindOf } from './list-kinds.ts';
import type { Listings } from './listings.ts';
import { mergeDiscover, type ServerFace } from './merge-discover.ts';
import { type AnswerMergedList, createMergedLists } from './merged-lists.ts';
import { createMergedNames, type MergedNames } from './merged-names.ts';
import { createResourceUris, type ResourceUris } from './resource-uris.ts';
import { restoreErrorUri, restoreResultUris } from './restore-uris.ts';
import type { SelectedSource } from './select.ts';
import type { Asked, Routed, ServerView } from './server-view.ts';

/** What a merged server is made of. */
export interface MergedServerParts {
  readonly face: ServerFace;
  readonly sources: readonly SelectedSource[];
  readonly listings: Listings;
  readonly discoveries: Discoveries;
  readonly answerListen: AnswerListen;
  readonly seal: Seal;
  readonly now: () => number;
}

interface Tables {
  readonly tools: MergedNames;
  readonly prompts: MergedNames;
  readonly uris: ResourceUris;
  readonly answerList: AnswerMergedList;
}

/** One server made of several upstreams: names are `upstream__name`, URIs stay unless two upstreams share one. */
export function createMergedServer(parts: MergedServerParts): ServerView {
  const { face, sources, listings } = parts;
  const uris = createResourceUris(sources, listings);
  const tables: Tables = {
    tools: createMergedNames({ kind: 'tools', sources, listings }),
    prompts: createMergedNames({ kind: 'prompts', sources, listings }),
    uris,
    answerList: createMergedLists({ ...parts, server: face.name, uris }),
  };
  return {
    name: face.name,
    single: false,
    route: (asked) => routeMerged(tables, asked),
    answer: (asked) => answerMerged(parts, tables, asked),
  };
}

function routeMerged(tables: Tables, asked: Asked): Routed | Promise<Routed> {
  switch (asked.call.method) {
    case 'tools/call':
      return routeByName(tables, asked, { names: tables.tools, unknown: 'UNKNOWN_TOOL' });
    case 'prompts/get':
      return routeByName(tables, asked, { names: tables.prompts, unknown: 'UNKNOWN_PROMPT' });
    case 'resources/read':
      return routeRead(tables, asked);
    case 'completion/complete':
      return routeCompletion(tables, asked);
    default:
      return { kind: 'catalog' };
  }
}

interface ByName {
  readonly names: MergedNames;
  readonly unknown: ErrorCode;
}

function routeByName(tables: Tables, asked: Asked, { names, unknown }: ByName): Routed | Promise<Routed> {
  const name = asked.call.message.at('params', 'name')?.string();
  if (name === undefined)
    throw new GatewardError('INVALID_PARAMS', { detail: 'params.name must be a string.' });
  const finish = (owner: Awaited<ReturnType<MergedNames['find']>>): Routed => {
    if (owner === undefined) throw new GatewardError(unknown);
    const call = renameParam(asked.call, 'name', owner.item.name);
    return {
      kind: 'source',
      source: owner.selected.source,
      call,
      restore: restorer((uri) => tables.uris.toClient(owner.selected, uri, asked.context)),
    };
  };
  const found = names.find(name, asked.context);
  return found instanceof Promise ? found.then(finish) : finish(found);
}

async function routeRead(tables: Tables, asked: Asked): Promise<Routed> {
  const uri = asked.call.message.at('params', 'uri')?.string();
  if (uri === undefined)
    throw new GatewardError('INVALID_PARAMS', { detail: 'params.uri must be a string.' });
  const owner = await tables.uris.findOwner(uri, asked.context);
  if (owner === undefined) throw new GatewardError('UNKNOWN_RESOURCE', { data: { uri } });
  const call = owner.uri === uri ? asked.call : renameParam(asked.call, 'uri', owner.uri);
  return {
    kind: 'source',
    source: owner.selected.source,
    call,
    // The one that was asked for keeps the name that its client gave it.
    restore: restorer((each) =>
      each === owner.uri ? uri : tables.uris.toClient(owner.selected, each, asked.context),
    ),
  };
}

async function routeCompletion(tables: Tables, asked: Asked): Promise<Routed> {
  const { call, context } = asked;
  const subject = subjectOf(call);
  if (subject === undefined) throw new GatewardError('METHOD_NOT_FOUND');
  const { name } = subject;
  if (subject.kind === 'prompts') {
    const owner = await tables.prompts.find(name, context);
    if (owner === undefined) throw new GatewardError('UNKNOWN_PROMPT');
    return completionAt(owner.selected, renameRef(call, 'name', owner.item.name));
  }
  const owner = await tables.uris.findOwner(name, context);
  if (owner === undefined) throw new GatewardError('UNKNOWN_RESOURCE', { data: { uri: name } });
  return completionAt(owner.selected, renameRef(call, 'uri', owner.uri));
}

function completionAt({ source }: SelectedSource, call: Call): Routed {
  return { kind: 'source', source, call, restore: undefined };
}

/** Puts the merged server's URIs into what the upstream answers. */
function restorer(toClient: (uri: string) => string): (outcome: Outcome) => Outcome {
  return (outcome) => {
    if (outcome.kind === 'input_required' || outcome.kind === 'task') return outcome;
    if (outcome.kind === 'error') {
      const error = restoreErrorUri(outcome.error, toClient);
      return error === outcome.error ? outcome : { ...outcome, error };
    }
    const result = restoreResultUris(outcome.result, toClient);
    return result === outcome.result ? outcome : { ...outcome, result };
  };
}

function renameParam(call: Call, key: 'name' | 'uri', value: string): Call {
  const params = call.message.get('params')?.with({ [key]: JsonText.of(value) });
  return { ...call, name: value, message: call.message.with({ params }) };
}

function renameRef(call: Call, key: 'name' | 'uri', value: string): Call {
  const params = call.message.get('params');
  const ref = params?.get('ref')?.with({ [key]: JsonText.of(value) });
  return { ...call, message: call.message.with({ params: params?.with({ ref }) }) };
}

async function answerMerged(parts: MergedServerParts, tables: Tables, asked: Asked): Promise<Outcome> {
  const { method } = asked.call;
  const kind = listKindOf(method);
  if (kind !== undefined) return tables.answerList(kind, asked);
  if (method === 'server/discover') return answerMergedDiscover(parts, asked);
  if (method === 'subscriptions/listen')
    return parts.answerListen({ asked, server: parts.face.name, sources: parts.sources, uris: tables.uris });
  throw new GatewardError('METHOD_NOT_FOUND');
}

async function answerMergedDiscover(
  { face, sources, discoveries }: MergedServerParts,
  asked: Asked,
): Promise<Outcome> {
  const discovered = await Promise.all(
    sources.map(async ({ source }) => ({
      upstream: source.name,
      result: await discoveries.read(source, asked.context),
    })),
  );
  if (discovered.length > 0 && discovered.every(({ result }) => result === undefined)) {
    throw new GatewardError('UPSTREAM_UNAVAILABLE');
  }
  return { kind: 'complete', result: mergeDiscover(face, discovered) };
}
