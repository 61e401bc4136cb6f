import type { Failed } from '../../call.ts';
import { ERRORS } from '../../errors.ts';

/** The member of `params` that says what a call is about. */
export type NameMember = 'name' | 'uri' | 'taskId';

/** What revision 2026-07-28 says of one client request. A method that is not in the list does not exist. */
export interface MethodRule {
  readonly nameMember: NameMember | undefined;
  /** Whether `Mcp-Name` mirrors that member (Streamable HTTP §Standard Request Headers). */
  readonly nameHeader: 'required' | 'optional' | 'none';
  /** Complete results carry `ttlMs` and `cacheScope` (server/utilities/caching). */
  readonly cacheHints: boolean;
  /** The answer may be an InputRequiredResult (basic/patterns/mrtr). */
  readonly mayAskForInput: boolean;
  /** The server capability without which the method is not offered. */
  readonly capability: 'tools' | 'prompts' | 'resources' | 'completions' | 'tasks' | undefined;
  /** The answer is a stream of notifications (basic/patterns/subscriptions). */
  readonly streams: boolean;
}

const PLAIN: MethodRule = {
  nameMember: undefined,
  nameHeader: 'none',
  cacheHints: false,
  mayAskForInput: false,
  capability: undefined,
  streams: false,
};
const TASK: MethodRule = { ...PLAIN, nameMember: 'taskId', nameHeader: 'optional', capability: 'tasks' };

const METHODS: ReadonlyMap<string, MethodRule> = new Map<string, MethodRule>([
  ['server/discover', { ...PLAIN, cacheHints: true }],
  ['tools/list', { ...PLAIN, cacheHints: true, capability: 'tools' }],
  [
    'tools/call',
    { ...PLAIN, nameMember: 'name', nameHeader: 'required', mayAskForInput: true, capability: 'tools' },
  ],
  ['prompts/list', { ...PLAIN, cacheHints: true, capability: 'prompts' }],
  [
    'prompts/get',
    { ...PLAIN, nameMember: 'name', nameHeader: 'required', mayAskForInput: true, capability: 'prompts' },
  ],
  ['resources/list', { ...PLAIN, cacheHints: true, capability: 'resources' }],
  ['resources/templates/list', { ...PLAIN, cacheHints: true, capability: 'resources' }],
  [
    'resources/read',
    {
      ...PLAIN,
      nameMember: 'uri',
      nameHeader: 'required',
      cacheHints: true,
      mayAskForInput: true,
      capability: 'resources',
    },
  ],
  ['completion/complete', { ...PLAIN, capability: 'completions' }],
  ['subscriptions/listen', { ...PLAIN, streams: true }],
  // The tasks extension (specification §Routing Headers). Clients of the core revision alone do not send its header.
  ['tasks/get', TASK],
  ['tasks/update', TASK],
  ['tasks/cancel', TASK],
]);

/** What the revision says of a method; undefined for one that it does not have. */
export function methodRuleOf(method: string): MethodRule | undefined {
  return METHODS.get(method);
}

/** Whether `Mcp-Name` is required, optional or not looked at for a method. */
export function nameHeaderOf(method: string): MethodRule['nameHeader'] {
  return METHODS.get(method)?.nameHeader ?? 'none';
}

/**
 * The HTTP status of an error that leaves before a stream is committed. An error of ours has the status of the error
 * list. Of an upstream's errors, only those have one that the revision ties to a status whoever makes them.
 */
export function statusOf(failed: Failed): number {
  if (failed.code !== undefined) return ERRORS[failed.code].status;
  const code = failed.error.get('code')?.text;
  return (code === undefined ? undefined : UPSTREAM_STATUS.get(code)) ?? 200;
}

const UPSTREAM_STATUS: ReadonlyMap<string, number> = new Map([
  ['-32601', 404],
  ['-32020', 400],
  ['-32021', 400],
  ['-32022', 400],
]);
