import type { Resource } from './parts.ts';

/** POST /admin/api/reload: reads the configuration again; a bad one is refused, and the old one stays in force. */
export const reloadResource: Resource = {
  method: 'POST',
  path: /^reload$/,
  answer: (parts) => parts.reload(),
};
