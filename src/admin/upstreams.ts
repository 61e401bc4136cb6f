import { GatewardError } from '../errors.ts';
import type { Resource } from './parts.ts';

/** GET /admin/api/upstreams: every upstream, with its state. */
export const upstreamsResource: Resource = {
  method: 'GET',
  path: /^upstreams$/,
  answer: (parts) => ({ upstreams: parts.status().upstreams }),
};

/** GET /admin/api/upstreams/NAME: one upstream. */
export const upstreamResource: Resource = {
  method: 'GET',
  path: /^upstreams\/([^/]+)$/,
  answer: (parts, name) => {
    const upstream = parts.status().upstreams.find((one) => one.name === name);
    if (upstream === undefined) {
      throw new GatewardError('ADMIN_NOT_FOUND', { detail: 'No upstream has this name.' });
    }
    return { upstream };
  },
};
