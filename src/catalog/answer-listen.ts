import type { Outcome } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { Abortable } from '../lib/abort.ts';
import { JsonText } from '../lib/json-text.ts';
import {
  type ChangeEvent,
  intersectFilters,
  isWithin,
  type ListenFilter,
  listChangeMethod,
  readFilter,
  uniteFilters,
  wantsChange,
  writeFilter,
} from './listen-filter.ts';
import type { ListenHub, Served } from './listen-hub.ts';
import type { ResourceUris } from './resource-uris.ts';
import type { SelectedSource } from './select.ts';
import type { Asked } from './server-view.ts';

/** One listen of a client on a server. */
export interface Listening {
  readonly asked: Asked;
  readonly sources: readonly SelectedSource[];
  /** How URIs are mapped; undefined where they pass unchanged. */
  readonly uris: ResourceUris | undefined;
}

/** Resources of one listen; the acknowledgment leaves out what is beyond. */
const MAX_SUBSCRIPTIONS = 1_000;

/** Answers `subscriptions/listen`: runs until the client goes or the server ends. */
export type AnswerListen = (listening: Listening) => Promise<Outcome>;

/** What answering needs. */
export interface AnswerListenParts {
  readonly hub: ListenHub;
  /** Aborts when the server ends: listens are then closed by a proper response. */
  readonly ending: AbortSignal;
  readonly maxListens: number;
}

/** Makes the answer to listens: acknowledgment first, then changes, each under the client's own subscription id. */
export function createAnswerListen({ hub, ending, maxListens }: AnswerListenParts): AnswerListen {
  let open = 0;
  return async (listening) => {
    if (open >= maxListens) throw new GatewardError('TOO_MANY_STREAMS');
    open++;
    const served: Served[] = [];
    try {
      await serve(hub, listening, served);
      // A listen lasts, and there may be one for each session.
      listening.asked.call.message.rest();
      await ended(listening.asked.call.signal, ending);
      return {
        kind: 'complete',
        result: JsonText.written(`{"resultType":"complete","_meta":${idMeta(listening)}}`),
      };
    } finally {
      open--;
      for (const one of served) one.end();
    }
  };
}

async function serve(hub: ListenHub, listening: Listening, served: Served[]): Promise<void> {
  const { asked, sources, uris } = listening;
  const { resourceSubscriptions, ...lists } = readFilter(asked.call.message.at('params', 'notifications'));
  const filter = { ...lists, resourceSubscriptions: resourceSubscriptions.slice(0, MAX_SUBSCRIPTIONS) };
  const subscriptions = await assignUris(listening, filter.resourceSubscriptions);
  const waiting: ChangeEvent[] = [];
  let acknowledged: ListenFilter | undefined;
  const promises = sources.map((selected) => {
    const mine = subscriptions.get(selected) ?? new Map<string, string>();
    const onChange = (event: ChangeEvent): void => {
      const known = event.kind === 'resource' ? toClientEvent(event, mine) : event;
      if (acknowledged === undefined) waiting.push(known);
      else if (isHonoured(acknowledged, known)) send(listening, known);
    };
    const part = { ...filter, resourceSubscriptions: [...mine.keys()] };
    const one = hub.serve({
      source: selected.source,
      context: asked.context,
      filter: part,
      legacy: asked.call.legacy,
      onChange,
    });
    served.push(one);
    return one.promised.then((promised) => toClientFilter(promised, mine));
  });
  const promised = uniteFilters(await Promise.all(promises));
  // A merged server's lists change with its configuration too, whatever its upstreams promise.
  const honoured =
    uris === undefined ? promised : { ...filter, resourceSubscriptions: promised.resourceSubscriptions };
  acknowledged = intersectFilters(filter, honoured);
  acknowledge(listening, acknowledged);
  for (const event of waiting) if (isHonoured(acknowledged, event)) send(listening, event);
}

/** Lists that were not acknowledged are not spoken of, whoever learned of the change. */
function isHonoured(acknowledged: ListenFilter, event: ChangeEvent): boolean {
  return event.kind === 'resource' || wantsChange(acknowledged, event);
}

/** For each source, the upstream's URIs that it is asked about, with the client's URI for each. */
async function assignUris(
  { asked, sources, uris }: Listening,
  wanted: readonly string[],
): Promise<ReadonlyMap<SelectedSource, Map<string, string>>> {
  const assigned = new Map<SelectedSource, Map<string, string>>();
  const [first] = sources;
  for (const uri of wanted) {
    const owner = uris === undefined ? undefined : await uris.findOwner(uri, asked.context);
    const selected = uris === undefined ? first : owner?.selected;
    if (selected === undefined || !selected.takes('resources', owner?.uri ?? uri)) continue;
    const mine = assigned.get(selected) ?? new Map<string, string>();
    mine.set(owner?.uri ?? uri, uri);
    assigned.set(selected, mine);
  }
  return assigned;
}

function toClientFilter(promised: ListenFilter, mine: ReadonlyMap<string, string>): ListenFilter {
  return {
    ...promised,
    resourceSubscriptions: promised.resourceSubscriptions.map((uri) => mine.get(uri) ?? uri),
  };
}

/** The event with the client's URI; a sub-resource keeps what follows the URI that was asked for. */
function toClientEvent(
  event: ChangeEvent & { kind: 'resource' },
  mine: ReadonlyMap<string, string>,
): ChangeEvent {
  for (const [uri, clientUri] of mine) {
    if (uri === clientUri || !isWithin(event.uri, uri)) continue;
    const renamed = clientUri + event.uri.slice(uri.length);
    return { kind: 'resource', uri: renamed, params: event.params.with({ uri: JsonText.of(renamed) }) };
  }
  return event;
}

function acknowledge(listening: Listening, filter: ListenFilter): void {
  const params = `{"notifications":${JSON.stringify(writeFilter(filter))},"_meta":${idMeta(listening)}}`;
  notify(listening, 'notifications/subscriptions/acknowledged', params);
}

function send(listening: Listening, event: ChangeEvent): void {
  if (event.kind === 'list') {
    notify(listening, listChangeMethod(event.list), `{"_meta":${idMeta(listening)}}`);
    return;
  }
  const given = event.params.get('_meta');
  const meta = given?.kind === 'object' ? given : JsonText.written('{}');
  const withId = meta.with({ [SUBSCRIPTION_ID]: JsonText.written(listening.asked.call.id) });
  notify(listening, 'notifications/resources/updated', event.params.with({ _meta: withId }).text);
}

function notify({ asked }: Listening, method: string, params: string): void {
  const text = `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${params}}`;
  // A reader that is too slow for changes is cut off by its door's bound; changes themselves are not waited for.
  void asked.call.notify(JsonText.written(text));
}

const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

function idMeta({ asked }: Listening): string {
  return `{${JSON.stringify(SUBSCRIPTION_ID)}:${asked.call.id}}`;
}

/** Resolves when the server ends, rejects with the signal's reason when the client is gone. */
function ended(gone: Abortable, ending: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onGone = (): void => {
      ending.removeEventListener('abort', onEnding);
      reject(gone.reason);
    };
    const onEnding = (): void => {
      gone.removeEventListener('abort', onGone);
      resolve();
    };
    if (gone.aborted) onGone();
    else if (ending.aborted) onEnding();
    else {
      gone.addEventListener('abort', onGone, { once: true });
      ending.addEventListener('abort', onEnding, { once: true });
    }
  });
}
