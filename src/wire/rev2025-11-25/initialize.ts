import { GatewardError } from '../../errors.ts';
import { withoutKeys } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';
import { META_KEYS, TASKS_EXTENSION } from '../meta-keys.ts';
import type { Revision } from './revision.ts';
import { stripResult } from './strip.ts';
import { TASKS_CAPABILITY } from './tasks-to-legacy.ts';

/** What a client says of itself when it opens a session. */
export interface InitializeParams {
  readonly protocolVersion: string;
  readonly capabilities: JsonText;
  readonly clientInfo: JsonText;
}

/** Reads the params of `initialize` (2025-11-25 basic/lifecycle §Initialization). Throws INVALID_PARAMS. */
export function readInitialize(params: JsonText | undefined): InitializeParams {
  const protocolVersion = params?.get('protocolVersion')?.string();
  const capabilities = params?.get('capabilities');
  const clientInfo = params?.get('clientInfo');
  if (protocolVersion === undefined) throw invalid('protocolVersion', 'a string');
  if (capabilities?.kind !== 'object') throw invalid('capabilities', 'an object');
  if (clientInfo?.kind !== 'object') throw invalid('clientInfo', 'an object');
  return { protocolVersion, capabilities, clientInfo };
}

function invalid(member: string, kind: string): GatewardError {
  return new GatewardError('INVALID_PARAMS', { detail: `initialize needs ${member}: ${kind}.` });
}

/** Builds the answer to `initialize` out of a modern DiscoverResult. */
export function writeInitializeResult(discover: JsonText, revision: Revision, server: string): JsonText {
  const serverInfo = discover.at('_meta', META_KEYS.serverInfo);
  const bare = withoutKeys(stripResult(discover), ['supportedVersions']);
  return bare.with({
    protocolVersion: JsonText.of(revision.version),
    capabilities: capabilitiesToLegacy(bare.get('capabilities'), revision),
    serverInfo: serverInfo ?? JsonText.of({ name: server, version: 'unknown' }),
  });
}

/** The tasks extension does not exist under legacy revisions (SEP-2663); one of them has tasks of its own. */
function capabilitiesToLegacy(capabilities: JsonText | undefined, { tasks }: Revision): JsonText {
  if (capabilities?.kind !== 'object') return JsonText.written('{}');
  const extensions = capabilities.get('extensions');
  if (extensions?.get(TASKS_EXTENSION) === undefined) return withoutKeys(capabilities, ['tasks']);
  const rest = withoutKeys(extensions, [TASKS_EXTENSION]);
  return capabilities.with({
    extensions: rest.keys().length === 0 ? undefined : rest,
    tasks: tasks ? TASKS_CAPABILITY : undefined,
  });
}
