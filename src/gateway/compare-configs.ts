import { isDeepStrictEqual } from 'node:util';
import type { Config, ListenConfig } from '../config/types.ts';

/** How two configurations differ. */
export interface ConfigDifference {
  readonly changed: readonly string[];
  readonly needsRestart: readonly string[];
}

/** Keys of `listen` that only a new listener can change. */
const BOUND: readonly (keyof ListenConfig)[] = ['host', 'port', 'tls', 'maxConnections'];

/** What a reload from one configuration to another changes, and what it cannot change while the gateway runs. */
export function compareConfigs(before: Config, after: Config): ConfigDifference {
  const changed: string[] = [];
  const needsRestart: string[] = [];
  for (const key of BOUND) {
    if (!isDeepStrictEqual(before.listen[key], after.listen[key])) needsRestart.push(`listen.${key}`);
  }
  if (before.dataDir !== after.dataDir) needsRestart.push('dataDir');
  for (const key of ['limits', 'store', 'bus', 'auth'] as const) {
    if (!isDeepStrictEqual(before[key], after[key])) needsRestart.push(key);
  }
  if (!isDeepStrictEqual(unbound(before.listen), unbound(after.listen))) changed.push('listen');
  for (const key of ['publicUrl', 'log', 'stop', 'launch'] as const) {
    if (!isDeepStrictEqual(before[key], after[key])) changed.push(key);
  }
  for (const part of ['upstreams', 'servers'] as const) {
    changed.push(...compareNamed(before[part], after[part]).map((name) => `${part}.${name}`));
  }
  return { changed, needsRestart };
}

interface Named {
  readonly name: string;
}

/** Names of what was added, removed or changed. */
function compareNamed(before: readonly Named[], after: readonly Named[]): string[] {
  const old = new Map(before.map((one) => [one.name, one]));
  const young = new Map(after.map((one) => [one.name, one]));
  const names = new Set([...old.keys(), ...young.keys()]);
  return [...names].filter((name) => !isDeepStrictEqual(old.get(name), young.get(name)));
}

function unbound(listen: ListenConfig): object {
  return Object.fromEntries(Object.entries(listen).filter(([key]) => !BOUND.some((bound) => bound === key)));
}
