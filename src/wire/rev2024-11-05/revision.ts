import { mapItems } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';
import { REV_2025_03_26 } from '../rev2025-03-26/revision.ts';
import type { Lacking, Revision } from '../rev2025-11-25/revision.ts';

/** 2024-11-05 lacks batches and audio. */
export const REV_2024_11_05: Revision = {
  ...REV_2025_03_26,
  version: '2024-11-05',
  batches: false,
  contentBlock: (block) => audioAsText(REV_2025_03_26.contentBlock(block)),
  createMessage,
};

function createMessage(params: JsonText): JsonText | Lacking {
  const plain = REV_2025_03_26.createMessage(params);
  if ('lacking' in plain) return plain;
  const messages = plain.get('messages');
  if (messages === undefined) return plain;
  const spoken = mapItems(messages, (message) => {
    const content = message.get('content');
    if (content === undefined) return message;
    const block = audioAsText(content);
    return block === content ? message : message.with({ content: block });
  });
  return spoken === messages ? plain : plain.with({ messages: spoken });
}

/** Audio as text that names its type. */
function audioAsText(block: JsonText): JsonText {
  if (block.get('type')?.string() !== 'audio') return block;
  const type = block.get('mimeType')?.string() ?? 'of unknown type';
  return JsonText.of({ type: 'text', text: `[audio ${type}, which this client cannot take]` });
}
