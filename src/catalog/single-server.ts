import { GatewardError } from '../errors.ts';
import type { Routed, ServerView, Source } from './server-view.ts';

/** A server of one upstream that takes everything of it: names, cursors and URIs pass unchanged. */
export function createSingleServer(name: string, source: Source): ServerView {
  return {
    name,
    single: true,
    route: ({ call }): Routed => ({ kind: 'source', source, call, restore: undefined }),
    answer: () => Promise.reject(new GatewardError('METHOD_NOT_FOUND')),
  };
}
