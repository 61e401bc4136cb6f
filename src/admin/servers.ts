import { GatewardError, toGatewardError } from '../errors.ts';
import type { AdminParts, Resource } from './parts.ts';

/** GET /admin/api/servers: every server that clients can reach. */
export const serversResource: Resource = {
  method: 'GET',
  path: /^servers$/,
  answer: (parts) => ({ servers: parts.status().servers }),
};

/** GET /admin/api/servers/NAME: one server, with its tools as clients see them and the state of its upstreams. */
export const serverResource: Resource = {
  method: 'GET',
  path: /^servers\/([^/]+)$/,
  answer: async (parts, name) => {
    const { servers, upstreams } = parts.status();
    const server = servers.find((one) => one.name === name);
    if (server === undefined) {
      const detail = `There are: ${servers.map((one) => one.name).join(', ')}.`;
      throw new GatewardError('SERVER_NOT_FOUND', { detail });
    }
    return { server, upstreams: upstreamsOf(server, upstreams), ...(await readTools(parts, name)) };
  },
};

function upstreamsOf<T extends { readonly name: string }>(server: object, upstreams: readonly T[]): T[] {
  const names: unknown = 'upstreams' in server ? server.upstreams : [];
  return Array.isArray(names) ? upstreams.filter(({ name }) => names.includes(name)) : [];
}

/** A server whose upstreams are all down is still shown: its tools are what is missing then, and why. */
async function readTools(parts: AdminParts, name: string): Promise<object> {
  try {
    const tools = await parts.tools(name);
    return { tools: tools.map((tool) => tool.value()) };
  } catch (thrown) {
    const { code, message } = toGatewardError(thrown);
    return { tools: [], toolsError: { code, message } };
  }
}
