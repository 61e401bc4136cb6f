import type { Call, Outcome } from '../call.ts';
import { type ErrorCode, GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { withSafeIcons, withSafeServerInfo } from '../wire/safe-links.ts';
import type { AnswerListen } from './answer-listen.ts';
import { subjectOf } from './held-subject.ts';
import { LIST_KINDS, type ListKind, listKindOf } from './list-kinds.ts';
import { declareOfferedTasks, listsTaskSupport, withTaskSupport } from './offered-tasks.ts';
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
  const { name, selected, answerListen } = parts;
  return {
    name,
    single: true,
    route: ({ call }): Routed => {
      const { method } = call;
      if (method === 'subscriptions/listen') return { kind: 'catalog' };
      refuseUntaken(selected, call);
      const kind = listKindOf(method);
      const restore =
        kind !== undefined
          ? restoreList(selected, kind, call)
          : method === 'server/discover'
            ? restoreDiscover(parts)
            : undefined;
      return { kind: 'source', source: selected.source, call, restore };
    },
    answer: (asked: Asked) => answerListen({ asked, server: name, sources: [selected], uris: undefined }),
  };
}

const UNKNOWN: Readonly<Record<ListKind, ErrorCode>> = {
  tools: 'UNKNOWN_TOOL',
  prompts: 'UNKNOWN_PROMPT',
  resources: 'UNKNOWN_RESOURCE',
  templates: 'UNKNOWN_RESOURCE',
};

/** What is left out of the server's lists can be neither called, read nor completed. */
function refuseUntaken(selected: SelectedSource, call: Call): void {
  const subject = subjectOf(call);
  if (subject === undefined || selected.takes(subject.kind, subject.name)) return;
  throw new GatewardError(UNKNOWN[subject.kind]);
}

/** Leaves out what the server does not take, and tools that no client may see; tells which can be tasks. */
function restoreList(
  selected: SelectedSource,
  kind: ListKind,
  { legacy }: Call,
): (outcome: Outcome) => Outcome {
  const { member, key } = LIST_KINDS[kind];
  const tells = listsTaskSupport(legacy);
  const showTool = (item: JsonText, name: string): JsonText | undefined => {
    const tool = publishTool(item, selected.source);
    return tells && tool !== undefined ? withTaskSupport(tool, name, selected.tasks) : tool;
  };
  return (outcome) => {
    if (outcome.kind !== 'complete') return outcome;
    const before = outcome.result.get(member)?.items() ?? [];
    const after = before.flatMap((item) => {
      const name = item.get(key)?.string() ?? '';
      if (!selected.takes(kind, name)) return [];
      return (kind === 'tools' ? showTool(item, name) : withSafeIcons(item)) ?? [];
    });
    if (after.length === before.length && after.every((item, index) => item === before[index]))
      return outcome;
    const items = JsonText.written(`[${after.map(({ text }) => text).join(',')}]`);
    return { ...outcome, result: outcome.result.with({ [member]: items }) };
  };
}

function restoreDiscover({ selected, instructions }: SingleServerParts): (outcome: Outcome) => Outcome {
  return (outcome) => {
    if (outcome.kind !== 'complete') return outcome;
    const declared = declareOfferedTasks(withSafeServerInfo(outcome.result), selected.tasks?.any === true);
    const result =
      instructions === undefined ? declared : declared.with({ instructions: JsonText.of(instructions) });
    return result === outcome.result ? outcome : { ...outcome, result };
  };
}
