import { OPERATOR } from '../../call.ts';
import { collectList } from '../../catalog/collect-list.ts';
import type { ListKind } from '../../catalog/list-kinds.ts';
import { ownCall } from '../../catalog/own-call.ts';
import type { Source } from '../../catalog/server-view.ts';
import type { UpstreamConfig } from '../../config/types.ts';
import { type ErrorCode, toGatewardError } from '../../errors.ts';
import type { Item } from '../../inspector.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import { META_KEYS } from '../../wire/meta-keys.ts';

/** What an upstream offers, in its own words. */
export interface Offers {
  readonly kind: 'offers';
  readonly upstream: string;
  readonly lists: Readonly<Record<ListKind, readonly Item[]>>;
  /** What it says of itself: its instructions, and its name with title, description, site and icons. */
  readonly about: object;
}

/** An upstream that could not be asked. */
export interface Unreached {
  readonly kind: 'unreached';
  readonly upstream: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** An upstream to ask, and how it is reached. */
export interface AskedUpstream {
  readonly config: UpstreamConfig;
  readonly upstream: Upstream;
}

/** Milliseconds for all lists, beside the time to connect. */
const LISTS_MS = 30_000;

/** Asks an upstream for everything that it offers, and closes it. Never rejects. */
export async function readOffers({ config, upstream }: AskedUpstream): Promise<Offers | Unreached> {
  const { name, connectTimeoutMs } = config;
  const signal = AbortSignal.timeout(connectTimeoutMs + LISTS_MS);
  const source: Source = {
    name,
    shared: true,
    era: () => upstream.status().era,
    call: (call, context) => upstream.call(call, context),
  };
  const list = async (kind: ListKind): Promise<readonly Item[]> =>
    (await collectList({ source, kind, context: OPERATOR, signal })).items;
  try {
    const about = await readAbout(source, signal);
    const lists = {
      tools: await list('tools'),
      prompts: await list('prompts'),
      resources: await list('resources'),
      templates: await list('templates'),
    };
    return { kind: 'offers', upstream: name, lists, about };
  } catch (thrown) {
    const why = upstream.status().lastError;
    const { code, message } = toGatewardError(thrown);
    if (why !== undefined) return { kind: 'unreached', upstream: name, code: why.code, message: why.text };
    return { kind: 'unreached', upstream: name, code, message };
  } finally {
    await upstream.close();
  }
}

async function readAbout(source: Source, signal: AbortSignal): Promise<object> {
  const outcome = await source.call(ownCall({ method: 'server/discover', signal }), OPERATOR);
  if (outcome.kind !== 'complete') return {};
  const instructions = outcome.result.get('instructions')?.value();
  const serverInfo = outcome.result.at('_meta', META_KEYS.serverInfo)?.value();
  return {
    ...(instructions !== undefined && { instructions }),
    ...(serverInfo !== undefined && { serverInfo }),
  };
}
