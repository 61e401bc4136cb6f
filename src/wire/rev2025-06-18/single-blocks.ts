import { joinItems } from '../../lib/json-edit.ts';
import type { JsonText } from '../../lib/json-text.ts';
import type { Lacking } from '../rev2025-11-25/revision.ts';

const LACKING: Lacking = { lacking: 'sampling.tools' };

/**
 * A sampling request in the words of 2025-06-18: a message has one block, so a message with several becomes several
 * messages of the same role. Tools and their calls do not exist there.
 */
export function singleBlocks(params: JsonText): JsonText | Lacking {
  if (params.get('tools') !== undefined || params.get('toolChoice') !== undefined) return LACKING;
  const messages = params.get('messages');
  if (messages?.kind !== 'array') return params;
  const before = messages.items();
  const after = before.flatMap(splitMessage);
  if (after.some(usesTools)) return LACKING;
  const changed = after.length !== before.length || after.some((message, index) => message !== before[index]);
  return changed ? params.with({ messages: joinItems(after) }) : params;
}

function splitMessage(message: JsonText): JsonText[] {
  const content = message.get('content');
  if (content?.kind !== 'array') return [message];
  return content.items().map((block) => message.with({ content: block }));
}

function usesTools(message: JsonText): boolean {
  const type = message.at('content', 'type')?.string();
  return type === 'tool_use' || type === 'tool_result';
}
