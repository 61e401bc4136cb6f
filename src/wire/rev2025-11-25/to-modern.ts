import type { CallMeta } from '../../call.ts';
import { GatewardError } from '../../errors.ts';
import { withoutKeys } from '../../lib/json-edit.ts';
import { JsonText } from '../../lib/json-text.ts';
import { META_KEYS, TASKS_EXTENSION } from '../meta-keys.ts';
import type { Revision } from './revision.ts';

/** The revision that the inside speaks. */
export const INSIDE_VERSION = '2026-07-28';

const VERSION_TEXT = JsonText.of(INSIDE_VERSION);
const EMPTY = JsonText.written('{}');
/** Members of params that have no legacy meaning here, or mean something else inside. */
const FOREIGN_PARAMS: readonly string[] = ['task', 'inputResponses', 'requestState'];

/** What a session says in `_meta` of each of its calls. */
export interface Envelope {
  /** As `capabilitiesToModern` made them. */
  readonly capabilities: JsonText;
  readonly clientInfo: JsonText | undefined;
  readonly logLevel: string | undefined;
}

/**
 * The capabilities of `initialize` as modern `_meta` carries them: an empty `elicitation` means forms, roots have no
 * change notifications, and tasks of 2025-11-25 are not the extension of the same name (SEP-2663).
 */
export function capabilitiesToModern(capabilities: JsonText): JsonText {
  const changes: Record<string, JsonText | undefined> = {};
  const elicitation = capabilities.get('elicitation');
  if (elicitation?.kind === 'object' && !elicitation.get('form') && !elicitation.get('url')) {
    changes['elicitation'] = elicitation.with({ form: EMPTY });
  }
  const roots = capabilities.get('roots');
  if (roots?.get('listChanged') !== undefined) changes['roots'] = roots.with({ listChanged: undefined });
  if (capabilities.get('tasks') !== undefined) changes['tasks'] = undefined;
  const extensions = capabilities.get('extensions');
  if (extensions?.get(TASKS_EXTENSION) !== undefined) {
    changes['extensions'] = withoutKeys(extensions, [TASKS_EXTENSION]);
  }
  return Object.keys(changes).length === 0 ? capabilities : capabilities.with(changes);
}

/**
 * Modern capabilities with what every client of the revision has without saying so: before 2025-11-25, whoever samples
 * may be asked to include context (2025-06-18 client/sampling §Creating Messages).
 */
export function withImplied(capabilities: JsonText, { declaresContext }: Revision): JsonText {
  const sampling = capabilities.get('sampling');
  if (declaresContext || sampling?.kind !== 'object' || sampling.get('context')) return capabilities;
  return capabilities.with({ sampling: sampling.with({ context: EMPTY }) });
}

/** `params` of a legacy request with the envelope that modern requests carry. Throws INVALID_PARAMS. */
export function paramsToModern(params: JsonText | undefined, envelope: Envelope): JsonText {
  const bare = withoutKeys(params ?? EMPTY, FOREIGN_PARAMS);
  const meta = bare.get('_meta') ?? EMPTY;
  if (meta.kind !== 'object')
    throw new GatewardError('INVALID_PARAMS', { detail: '_meta must be an object.' });
  const level = envelope.logLevel;
  return bare.with({
    _meta: meta.with({
      [META_KEYS.protocolVersion]: VERSION_TEXT,
      [META_KEYS.clientCapabilities]: envelope.capabilities,
      [META_KEYS.clientInfo]: envelope.clientInfo,
      [META_KEYS.logLevel]: level === undefined ? undefined : JsonText.of(level),
      [META_KEYS.subscriptionId]: undefined,
      [META_KEYS.serverInfo]: undefined,
    }),
  });
}

/** The same envelope as steps read it. */
export function callMetaOf(params: JsonText | undefined, envelope: Envelope): CallMeta {
  return {
    protocolVersion: INSIDE_VERSION,
    clientCapabilities: envelope.capabilities,
    clientInfo: envelope.clientInfo,
    logLevel: envelope.logLevel,
    progressToken: params?.at('_meta', 'progressToken'),
  };
}
