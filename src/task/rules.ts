import type { UpstreamTasksConfig } from '../config/types.ts';
import { compileGlob } from '../lib/compile-glob.ts';

/** Which failures of an attempt are tried again, and when. */
export type RetryRules = UpstreamTasksConfig['retry'];

/** What becomes of the calls of one tool. Times are milliseconds. */
export interface TaskRules
  extends Pick<UpstreamTasksConfig, 'mode' | 'promoteAfterMs' | 'deadlineMs' | 'inputMs' | 'retentionMs'> {
  readonly retry: RetryRules;
}

/** The rules of an upstream's tools: those of the first entry that fits the tool's name, over those of the upstream. */
export function taskRulesOf(config: UpstreamTasksConfig): (tool: string) => TaskRules {
  const { tools, concurrency: _, ...common } = config;
  const special = Object.entries(tools).map(([glob, { retry, ...own }]) => ({
    fits: compileGlob(glob),
    rules: { ...common, ...withoutAbsent(own), retry: { ...common.retry, ...withoutAbsent(retry ?? {}) } },
  }));
  return (tool) => special.find(({ fits }) => fits(tool))?.rules ?? common;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function withoutAbsent<T extends object>(given: T): Present<T>;
function withoutAbsent(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
