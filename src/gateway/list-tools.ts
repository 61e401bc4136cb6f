import { LOCAL } from '../auth/local-caller.ts';
import { ownCall } from '../catalog/own-call.ts';
import { ERRORS, GatewardError } from '../errors.ts';
import type { JsonText } from '../lib/json-text.ts';
import type { Generation } from './generation.ts';

/** An operator waits this long for a list. */
const TIMEOUT_MS = 15_000;
const MAX_PAGES = 100;

/** The tools of a server as its clients see them. Throws SERVER_NOT_FOUND, and what listing throws. */
export async function listTools({ handlers, catalog }: Generation, server: string): Promise<JsonText[]> {
  if (catalog.server(server) === undefined) throw new GatewardError('SERVER_NOT_FOUND');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const tools: JsonText[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const call = ownCall({ method: 'tools/list', params, signal });
    const outcome = await handlers.SE({ server, call, headers: undefined, principal: LOCAL });
    if (outcome.kind === 'error') {
      const code = outcome.code ?? 'UPSTREAM_UNAVAILABLE';
      // A message of the gateway's own begins with the code's text, which the error puts before its detail again.
      const detail = outcome.error.get('message')?.string()?.replace(ERRORS[code].text, '').trim();
      throw new GatewardError(code, detail === '' ? {} : { detail });
    }
    tools.push(...(outcome.result.get('tools')?.items() ?? []));
    cursor = outcome.result.get('nextCursor')?.string();
    if (cursor === undefined) break;
  }
  return tools;
}
