import type { Call } from '../call.ts';
import type { UpstreamConfig } from '../config/types.ts';
import { compileGlob } from '../lib/compile-glob.ts';

/**
 * Says which calls are safe to make again after they may have run: tools that the operator names, and everything that
 * only reads.
 */
export function repeatableBy(
  config: UpstreamConfig['repeatable'],
): (call: Pick<Call, 'method' | 'name'>) => boolean {
  const patterns = typeof config === 'boolean' ? [] : config.map(compileGlob);
  return ({ method, name }) => {
    if (method !== 'tools/call' || config === true) return true;
    return name !== undefined && patterns.some((fits) => fits(name));
  };
}

/** Whether a call is a retry of a parked one, which finds that one and runs nothing twice. */
export function isRetry({ message }: Pick<Call, 'message'>): boolean {
  return message.at('params', 'requestState') !== undefined;
}
