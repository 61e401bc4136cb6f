import type { Call } from '../call.ts';
import { GatewardError } from '../errors.ts';
import type { ListKind } from './list-kinds.ts';

/** The listed thing that a call uses. */
export interface Subject {
  readonly kind: ListKind;
  readonly name: string;
}

/** The methods that use something listed, and the member of `params` that says what. */
const NAMED: ReadonlyMap<string, { readonly kind: ListKind; readonly member: 'name' | 'uri' }> = new Map([
  ['tools/call', { kind: 'tools', member: 'name' }],
  ['prompts/get', { kind: 'prompts', member: 'name' }],
  ['resources/read', { kind: 'resources', member: 'uri' }],
]);

/**
 * Reads what a call is about; undefined for a call that uses nothing that is listed. Throws INVALID_PARAMS where that
 * is no text: nobody could say what an upstream makes of it.
 */
export function subjectOf({ method, name, message }: Call): Subject | undefined {
  if (method === 'completion/complete') return referred(message.at('params', 'ref'));
  const named = NAMED.get(method);
  if (named === undefined) return undefined;
  const { kind, member } = named;
  if (name === undefined) throw invalid(`params.${member} must be a string.`);
  return { kind, name };
}

/** What a completion is for (2026-07-28 server/utilities/completion §Reference Types). */
function referred(ref: Call['message'] | undefined): Subject {
  const type = ref?.get('type')?.string();
  const name = type === 'ref/prompt' ? ref?.get('name')?.string() : undefined;
  const uri = type === 'ref/resource' ? ref?.get('uri')?.string() : undefined;
  if (name !== undefined) return { kind: 'prompts', name };
  if (uri !== undefined) return { kind: 'templates', name: uri };
  throw invalid('params.ref names neither a prompt nor a resource.');
}

function invalid(detail: string): GatewardError {
  return new GatewardError('INVALID_PARAMS', { detail });
}
