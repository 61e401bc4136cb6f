import type { Call } from '../call.ts';

/** `repeatable` of an upstream: for all tools or none, or names in which `*` stands for any characters. */
export type RepeatableConfig = boolean | readonly string[];

/**
 * Says which calls are safe to make again after they may have run: tools that the operator names, and everything that
 * only reads.
 */
export function repeatableBy(config: RepeatableConfig): (call: Call) => boolean {
  const patterns = typeof config === 'boolean' ? [] : config.map(patternOf);
  return ({ method, name }) => {
    if (method !== 'tools/call' || config === true) return true;
    return name !== undefined && patterns.some((pattern) => pattern.test(name));
  };
}

function patternOf(glob: string): RegExp {
  const parts = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
