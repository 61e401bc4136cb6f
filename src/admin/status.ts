import type { Resource } from './parts.ts';

/** GET /admin/api/status: the gateway as a whole. */
export const statusResource: Resource = {
  method: 'GET',
  path: /^status$/,
  answer: (parts) => parts.status(),
};
