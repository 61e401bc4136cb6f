import type { Call } from '../call.ts';
import type { UpstreamConfig } from '../config/types.ts';

/**
 * Says which calls are safe to make again after they may have run: tools that the operator names, and everything that
 * only reads.
 */
export function repeatableBy(config: UpstreamConfig['repeatable']): (call: Call) => boolean {
  const patterns = typeof config === 'boolean' ? [] : config.map(patternOf);
  return ({ method, name }) => {
    if (method !== 'tools/call' || config === true) return true;
    return name !== undefined && patterns.some((pattern) => pattern.test(name));
  };
}

/** Whether a call is a retry of a parked one, which finds that one and runs nothing twice. */
export function isRetry({ message }: Pick<Call, 'message'>): boolean {
  return message.at('params', 'requestState') !== undefined;
}

function patternOf(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
