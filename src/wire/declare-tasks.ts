import type { Call } from '../call.ts';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { META_KEYS, TASKS_EXTENSION } from './meta-keys.ts';

const EMPTY = JsonText.written('{}');

/** Whether a request declares the tasks extension; only what it declares itself counts (SEP-2663 §Capabilities). */
export function declaresTasks({ meta }: Pick<Call, 'meta'>): boolean {
  return meta.clientCapabilities.get('extensions')?.get(TASKS_EXTENSION) !== undefined;
}

/** The same call, declaring the extension. */
export function declareTasks(call: Call): Call {
  return declaresTasks(call) ? call : withDeclaration(call, EMPTY);
}

/** The same call, not declaring the extension. */
export function undeclareTasks(call: Call): Call {
  return declaresTasks(call) ? withDeclaration(call, undefined) : call;
}

/** The refusal of what only clients with the extension may ask (SEP-2663 §Capabilities: -32021). */
export function tasksNotDeclared(): GatewardError {
  return new GatewardError('MISSING_CAPABILITY', {
    data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
  });
}

/** Whether an error says that the request had to declare the extension, so that nothing was run. */
export function wantsTasks(error: JsonText): boolean {
  const isMissing = error.get('code')?.text === '-32021';
  return isMissing && error.at('data', 'requiredCapabilities', 'extensions', TASKS_EXTENSION) !== undefined;
}

function withDeclaration(call: Call, declaration: JsonText | undefined): Call {
  const declared = call.meta.clientCapabilities;
  const extensions = (declared.get('extensions') ?? EMPTY).with({ [TASKS_EXTENSION]: declaration });
  const clientCapabilities = declared.with({ extensions });
  const params = call.message.get('params');
  const _meta = (params?.get('_meta') ?? EMPTY).with({ [META_KEYS.clientCapabilities]: clientCapabilities });
  return {
    ...call,
    message: call.message.with({ params: (params ?? EMPTY).with({ _meta }) }),
    meta: { ...call.meta, clientCapabilities },
  };
}
