import type { Call } from '../call.ts';
import type { ListKind } from './list-kinds.ts';

/** The listed thing that a call uses. */
export interface Subject {
  readonly kind: ListKind;
  readonly name: string;
}

/** Reads what a call is about, in the upstream's names; undefined for a call that uses nothing that is listed. */
export function subjectOf({ method, name, message }: Call): Subject | undefined {
  switch (method) {
    case 'tools/call':
      return name === undefined ? undefined : { kind: 'tools', name };
    case 'prompts/get':
      return name === undefined ? undefined : { kind: 'prompts', name };
    case 'resources/read':
      return name === undefined ? undefined : { kind: 'resources', name };
    case 'completion/complete': {
      const ref = message.at('params', 'ref');
      const isPrompt = ref?.get('type')?.string() === 'ref/prompt';
      const named = ref?.get(isPrompt ? 'name' : 'uri')?.string();
      return named === undefined ? undefined : { kind: isPrompt ? 'prompts' : 'templates', name: named };
    }
    default:
      return undefined;
  }
}
