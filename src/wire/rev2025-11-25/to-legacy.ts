import { joinItems, mapItems } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Revision } from './revision.ts';
import { stripResult, withoutEnvelope } from './strip.ts';
import { taskListToLegacy, taskToLegacy } from './tasks-to-legacy.ts';
import { needsWrapping, wrapSchema } from './wrap-schema.ts';

/** What a result answers. */
export interface Answered {
  readonly method: string;
  readonly revision: Revision;
  /** The tool's output schema was wrapped in the list that the client saw. */
  readonly wrapped: boolean;
}

/** A modern result in the words of the client's revision. What nothing has to change keeps its bytes. */
export function resultToLegacy(result: JsonText, { method, revision, wrapped }: Answered): JsonText {
  // Of the members that results lose, a task needs one.
  if (method === 'tasks/get' || method === 'tasks/cancel') return taskToLegacy(result);
  if (method === 'tasks/list') return taskListToLegacy(result);
  const bare = stripResult(result);
  switch (method) {
    case 'tools/list':
      return changeItems(bare, 'tools', toolToLegacy);
    case 'tools/call':
    case 'tasks/result':
      return toolResultToLegacy(changeItems(bare, 'content', revision.contentBlock), { revision, wrapped });
    case 'prompts/get':
      return changeItems(bare, 'messages', (message) => promptMessageToLegacy(message, revision));
    default:
      return bare;
  }
}

/** True when the inside may answer a legacy client with this: `complete`, or nothing said (2026-07-28 basic). */
export function isPlainResult(result: JsonText): boolean {
  const type = result.get('resultType');
  return result.kind === 'object' && (type === undefined || type.string() === 'complete');
}

/** A notification in the words of legacy: without the keys of the modern envelope. */
export function notificationToLegacy(notification: JsonText): JsonText {
  const params = notification.get('params');
  if (params?.kind !== 'object') return notification;
  const bare = withoutEnvelope(params);
  if (bare === params) return notification;
  return notification.with({ params: bare.keys().length === 0 ? undefined : bare });
}

function changeItems(result: JsonText, key: string, map: (item: JsonText) => JsonText): JsonText {
  const array = result.get(key);
  if (array?.kind !== 'array') return result;
  const mapped = mapItems(array, map);
  return mapped === array ? result : result.with({ [key]: mapped });
}

function toolToLegacy(tool: JsonText): JsonText {
  const schema = tool.get('outputSchema');
  return schema !== undefined && needsWrapping(schema)
    ? tool.with({ outputSchema: wrapSchema(schema) })
    : tool;
}

function promptMessageToLegacy(message: JsonText, revision: Revision): JsonText {
  const content = message.get('content');
  if (content === undefined) return message;
  const block = revision.contentBlock(content);
  return block === content ? message : message.with({ content: block });
}

/**
 * Legacy `structuredContent` is an object; any other value goes into one. What a client would not find there, or would
 * not look for there, also goes into a text block if there is none (2025-06-18 server/tools §Structured Content).
 */
function toolResultToLegacy(
  result: JsonText,
  { revision, wrapped }: Pick<Answered, 'revision' | 'wrapped'>,
): JsonText {
  const value = result.get('structuredContent');
  if (value === undefined) return result;
  const isObject = value.kind === 'object';
  const changes: Record<string, JsonText> = {};
  if (!isObject || wrapped) changes['structuredContent'] = JsonText.written(`{"result":${value.text}}`);
  const blocks = result.get('content')?.items() ?? [];
  const told = blocks.some((block) => block.get('type')?.string() === 'text');
  if (!told && (!isObject || !revision.structured)) {
    changes['content'] = joinItems([...blocks, JsonText.of({ type: 'text', text: value.text })]);
  }
  return Object.keys(changes).length === 0 ? result : result.with(changes);
}
