import type { Outcome } from '../call.ts';
import { type ErrorCode, GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import type { AnswerListen } from './answer-listen.ts';
import { LIST_KINDS, type ListKind, listKindOf } from './list-kinds.ts';
import { publishTool } from './publish-tool.ts';
import type { SelectedSource } from './select.ts';
import type { Asked, Routed, ServerView } from './server-view.ts';

/** What a server of one upstream is made of. */
export interface SingleServerParts {
  readonly name: string;
  readonly selected: SelectedSource;
  readonly answerListen: AnswerListen;
  /** Said to clients in place of the upstream's own instructions. */
  readonly instructions: string | undefined;
}

/** A server of one upstream: names, cursors and URIs pass unchanged, and so do answers where nothing is left out. */
export function createSingleServer(parts: SingleServerParts): ServerView {
  const { name, selected, answerListen, instructions } = parts;
  return {
    name,
    single: true,
    route: ({ call }): Routed => {
      const { method } = call;
      if (method === 'subscriptions/listen') return { kind: 'catalog' };
      refuseUntaken(selected, method, call.name);
      const kind = listKindOf(method);
      const restore =
        kind !== undefined
          ? restoreList(selected, kind)
          : method === 'server/discover' && instructions !== undefined
            ? restoreDiscover(instructions)
            : undefined;
      return { kind: 'source', source: selected.source, call, restore };
    },
    answer: (asked: Asked) => answerListen({ asked, sources: [selected], uris: undefined }),
  };
}

const NAMED: ReadonlyMap<string, { readonly kind: ListKind; readonly unknown: ErrorCode }> = new Map([
  ['tools/call', { kind: 'tools', unknown: 'UNKNOWN_TOOL' }],
  ['prompts/get', { kind: 'prompts', unknown: 'UNKNOWN_PROMPT' }],
  ['resources/read', { kind: 'resources', unknown: 'UNKNOWN_RESOURCE' }],
]);

function refuseUntaken(selected: SelectedSource, method: string, name: string | undefined): void {
  const named = name === undefined ? undefined : NAMED.get(method);
  if (named === undefined || name === undefined || selected.takes(named.kind, name)) return;
  throw new GatewardError(named.unknown);
}

/** Leaves out what the server does not take, and tools that no client may see. */
function restoreList(selected: SelectedSource, kind: ListKind): (outcome: Outcome) => Outcome {
  const { member, key } = LIST_KINDS[kind];
  return (outcome) => {
    if (outcome.kind !== 'complete') return outcome;
    const before = outcome.result.get(member)?.items() ?? [];
    const after = before.flatMap((item) => {
      if (!selected.takes(kind, item.get(key)?.string() ?? '')) return [];
      return (kind === 'tools' ? publishTool(item) : item) ?? [];
    });
    if (after.length === before.length && after.every((item, index) => item === before[index]))
      return outcome;
    const items = JsonText.written(`[${after.map(({ text }) => text).join(',')}]`);
    return { ...outcome, result: outcome.result.with({ [member]: items }) };
  };
}

function restoreDiscover(instructions: string): (outcome: Outcome) => Outcome {
  return (outcome) =>
    outcome.kind === 'complete'
      ? { ...outcome, result: outcome.result.with({ instructions: JsonText.of(instructions) }) }
      : outcome;
}
