import { GatewardError } from '../../errors.ts';
import { JsonText } from '../../lib/json-text.ts';
import { remember } from '../../lib/remember.ts';
import { initializeParams, LEGACY_VERSIONS } from '../../wire/rev2025-11-25/upstream-request.ts';
import type { LegacyServer } from '../../wire/rev2025-11-25/upstream-result.ts';
import type { Reply } from './legacy-exchange.ts';

/** What the gateway says of itself and of its caller when it opens a session. */
export interface Introduction {
  readonly capabilities: JsonText;
  readonly clientInfo: JsonText;
}

const NEWEST = LEGACY_VERSIONS[0] ?? '';

/**
 * Opens a session with `initialize` (2025-11-25 lifecycle §Version Negotiation): offers the newest legacy revision and
 * takes any of them. A server that refuses the version but names one that it knows is asked once more. Throws
 * UPSTREAM_INVALID.
 */
export async function initialize(
  request: (method: string, params: JsonText) => Promise<Reply>,
  introduction: Introduction,
): Promise<LegacyServer> {
  const first = await request('initialize', initializeParams({ version: NEWEST, ...introduction }));
  if (first.kind === 'result') return readServer(first.result.text);
  const version = namedVersion(first.error);
  if (version === undefined) throw refused(first.error);
  const second = await request('initialize', initializeParams({ version, ...introduction }));
  if (second.kind === 'error') throw refused(second.error);
  return readServer(second.result.text);
}

function namedVersion(error: JsonText): string | undefined {
  const supported = error.at('data', 'supported')?.items() ?? [];
  const names = supported.map((item) => item.string());
  return LEGACY_VERSIONS.find((version) => version !== NEWEST && names.includes(version));
}

function refused(error: JsonText): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', { cause: { initialize: error.value() } });
}

/** Sessions of one server hear the same of it, and there are many: they share it. */
const readServer = remember((text) => readInitializeResult(JsonText.written(text)), { maxLength: 8192 });

function readInitializeResult(result: JsonText): LegacyServer {
  const version = result.get('protocolVersion')?.string();
  if (version === undefined || !LEGACY_VERSIONS.includes(version)) {
    throw new GatewardError('UPSTREAM_INVALID', { cause: { protocolVersion: version } });
  }
  const capabilities = result.get('capabilities');
  const serverInfo = result.get('serverInfo');
  const instructions = result.get('instructions');
  return {
    version,
    capabilities: capabilities?.kind === 'object' ? capabilities : JsonText.written('{}'),
    serverInfo: serverInfo?.kind === 'object' ? serverInfo : undefined,
    instructions: instructions?.kind === 'string' ? instructions : undefined,
  };
}
