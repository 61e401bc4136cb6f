import { JsonText } from '../../lib/json-text.ts';
import { REV_2025_06_18 } from '../rev2025-06-18/revision.ts';
import type { Revision } from '../rev2025-11-25/revision.ts';

/** 2025-03-26 has batches, and lacks elicitation, links to resources and structured results. */
export const REV_2025_03_26: Revision = {
  ...REV_2025_06_18,
  version: '2025-03-26',
  batches: true,
  contentBlock: linkAsText,
  structured: false,
  elicitForm: () => ({ lacking: 'elicitation.form' }),
};

/** A link to a resource as text that names it. */
function linkAsText(block: JsonText): JsonText {
  if (block.get('type')?.string() !== 'resource_link') return block;
  const uri = block.get('uri')?.string() ?? '';
  const name = block.get('title')?.string() ?? block.get('name')?.string();
  return JsonText.of({ type: 'text', text: name === undefined ? uri : `${name}: ${uri}` });
}
