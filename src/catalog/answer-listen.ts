import type { AuthorizationContext, Call, Outcome } from '../call.ts';
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
import type { ListenHub } from './listen-hub.ts';
import { followTasks, readTaskIds } from './listen-tasks.ts';
import type { ResourceUris } from './resource-uris.ts';
import type { SelectedSource } from './select.ts';
import type { Asked, Source } from './server-view.ts';
import { SpreadChanges } from './spread-changes.ts';
import type { TaskFeed } from './task-feed.ts';

/** One listen of a client on a server. */
export interface Listening {
  readonly asked: Asked;
  /** Name of the server. */
  readonly server: string;
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
  /** Tells of tasks; undefined where there are none. */
  readonly tasks: TaskFeed | undefined;
  /** Aborts when the server ends: listens are then closed by a proper response. */
  readonly ending: AbortSignal;
  readonly maxListens: number;
  /** What an upstream tells of its resources goes through it. */
  readonly screen: Screen | undefined;
  /** What of an upstream's resources is held: it cannot be subscribed to. */
  readonly heldResources?: HeldResources | undefined;
}

/** Tells what of an upstream's resources a caller may not use. */
export type HeldResources = (crossing: {
  readonly source: Source;
  readonly call: Call;
  readonly context: AuthorizationContext;
}) => Promise<(uri: string) => boolean>;

/** Gives a notification of an upstream as clients may have it. */
export type Screen = (upstream: string, notification: JsonText) => JsonText;

/** Makes the answer to listens: acknowledgment first, then changes, each under the client's own subscription id. */
export function createAnswerListen({
  hub,
  tasks: feed,
  ending,
  maxListens,
  screen,
  heldResources = () => Promise.resolve(() => false),
}: AnswerListenParts): AnswerListen {
  let open = 0;
  return async (listening) => {
    const { asked } = listening;
    const taskIds = readTaskIds(asked);
    if (open >= maxListens) throw new GatewardError('TOO_MANY_STREAMS');
    open++;
    const served: Ending[] = [];
    try {
      await serve(listening, { hub, feed, taskIds, served, screen, heldResources });
      // A listen lasts, and there may be one for each session.
      asked.call.message.rest();
      await ended(asked.call.signal, ending);
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

/** What one listen is told. */
interface Serving {
  readonly hub: ListenHub;
  readonly feed: TaskFeed | undefined;
  /** The tasks that it asks for. */
  readonly taskIds: readonly string[];
  /** Takes what has to end with the listen. */
  readonly served: Ending[];
  readonly screen: Screen | undefined;
  readonly heldResources: HeldResources;
}

interface Ending {
  readonly end: () => void;
}

async function serve(listening: Listening, serving: Serving): Promise<void> {
  const { hub, feed, taskIds, served, screen } = serving;
  const { asked, server, sources, uris } = listening;
  const told = (task: JsonText): void => sendTask(listening, task);
  const tasks = await followTasks(taskIds, { asked, server, feed, send: told });
  served.push(tasks);
  const { resourceSubscriptions, ...flags } = readFilter(asked.call.message.at('params', 'notifications'));
  const filter = { ...flags, resourceSubscriptions: resourceSubscriptions.slice(0, MAX_SUBSCRIPTIONS) };
  const subscriptions = await assignUris(listening, filter.resourceSubscriptions, serving.heldResources);
  const waiting: ChangeEvent[] = [];
  const lists = new SpreadChanges((event) => send(listening, event));
  served.push(lists);
  const pass = (event: ChangeEvent): void => {
    if (event.kind === 'list') lists.tell(event);
    else send(listening, event);
  };
  let acknowledged: ListenFilter | undefined;
  const promises = sources.map((selected) => {
    const mine = subscriptions.get(selected) ?? new Map<string, string>();
    const onChange = (event: ChangeEvent): void => {
      const known =
        event.kind === 'resource'
          ? toClientEvent(screened(event, selected.source.name, screen), mine)
          : event;
      if (acknowledged !== undefined) {
        if (isHonoured(acknowledged, known)) pass(known);
      } else if (!waiting.some((one) => isSameChange(one, known))) waiting.push(known);
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
  acknowledge(listening, acknowledged, tasks.taken);
  for (const event of waiting) if (isHonoured(acknowledged, event)) pass(event);
  tasks.begin();
}

function isSameChange(one: ChangeEvent, other: ChangeEvent): boolean {
  if (one.kind === 'list' || other.kind === 'list') {
    return one.kind === 'list' && other.kind === 'list' && one.list === other.list;
  }
  return one.uri === other.uri && one.params.text === other.params.text;
}

type UpdateEvent = ChangeEvent & { readonly kind: 'resource' };

/** Lists that were not acknowledged are not spoken of, whoever learned of the change. */
function isHonoured(acknowledged: ListenFilter, event: ChangeEvent): boolean {
  return event.kind === 'resource' || wantsChange(acknowledged, event);
}

/** For each source, the upstream's URIs that it is asked about, with the client's URI for each. */
async function assignUris(
  { asked, sources, uris }: Listening,
  wanted: readonly string[],
  heldResources: HeldResources,
): Promise<ReadonlyMap<SelectedSource, Map<string, string>>> {
  const assigned = new Map<SelectedSource, Map<string, string>>();
  const held = new Map<SelectedSource, (uri: string) => boolean>();
  const [first] = sources;
  for (const uri of wanted) {
    const owner = uris === undefined ? undefined : await uris.findOwner(uri, asked.context);
    const selected = uris === undefined ? first : owner?.selected;
    if (selected === undefined || !selected.takes('resources', owner?.uri ?? uri)) continue;
    const { source } = selected;
    const isHeld = held.get(selected) ?? (await heldResources({ ...asked, source }));
    held.set(selected, isHeld);
    if (isHeld(owner?.uri ?? uri)) continue;
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

const UPDATED = 'notifications/resources/updated';

/** The event without what the rules take out of it. */
function screened(event: UpdateEvent, upstream: string, screen: Screen | undefined): UpdateEvent {
  if (screen === undefined) return event;
  const text = `{"jsonrpc":"2.0","method":${JSON.stringify(UPDATED)},"params":${event.params.text}}`;
  const params = screen(upstream, JsonText.written(text)).get('params') ?? event.params;
  return { ...event, uri: params.get('uri')?.string() ?? event.uri, params };
}

/** The event with the client's URI; a sub-resource keeps what follows the URI that was asked for. */
function toClientEvent(event: UpdateEvent, mine: ReadonlyMap<string, string>): ChangeEvent {
  for (const [uri, clientUri] of mine) {
    if (uri === clientUri || !isWithin(event.uri, uri)) continue;
    const renamed = clientUri + event.uri.slice(uri.length);
    return { kind: 'resource', uri: renamed, params: event.params.with({ uri: JsonText.of(renamed) }) };
  }
  return event;
}

function acknowledge(listening: Listening, filter: ListenFilter, taken: readonly string[]): void {
  const honoured = { ...writeFilter(filter), ...(taken.length > 0 && { taskIds: taken }) };
  const params = `{"notifications":${JSON.stringify(honoured)},"_meta":${idMeta(listening)}}`;
  notify(listening, 'notifications/subscriptions/acknowledged', params);
}

function send(listening: Listening, event: ChangeEvent): void {
  if (event.kind === 'list') {
    notify(listening, listChangeMethod(event.list), `{"_meta":${idMeta(listening)}}`);
    return;
  }
  notify(listening, UPDATED, withId(listening, event.params).text);
}

function sendTask(listening: Listening, task: JsonText): void {
  notify(listening, 'notifications/tasks', withId(listening, task).text);
}

function withId({ asked }: Listening, params: JsonText): JsonText {
  const given = params.get('_meta');
  const meta = given?.kind === 'object' ? given : JsonText.written('{}');
  return params.with({ _meta: meta.with({ [SUBSCRIPTION_ID]: JsonText.written(asked.call.id) }) });
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
