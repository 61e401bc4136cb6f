import type { Finding } from './rule.ts';
import { skeletonOf } from './skeleton.ts';

/** The tools of one upstream, as far as names are compared. */
export interface NamedTools {
  readonly upstream: string;
  readonly tools: readonly { readonly name: string; readonly description?: string | undefined }[];
}

/** A finding with the upstream whose tool it is about. `index` is the tool's place in that upstream's list. */
export interface NameFinding extends Finding {
  readonly upstream: string;
}

interface Owner {
  readonly upstream: string;
  readonly name: string;
}

/** A name is distinctive if nobody would write it by chance: several words, or a namespace, and long enough. */
const IDENTIFIER = /(?<![\p{L}\p{N}])[\p{L}\p{N}]+(?:[_.:/-][\p{L}\p{N}]+)+/gu;
const MIN_DISTINCTIVE = 8;

/**
 * Compares the tools of several upstreams: names that look alike (UTS #39), names that are the same, and descriptions
 * that speak of another upstream's tool by a distinctive name. Time grows with the length of all texts.
 */
export function compareNames(upstreams: readonly NamedTools[]): NameFinding[] {
  const bySkeleton = new Map<string, Owner>();
  const byName = new Map<string, Owner>();
  const findings: NameFinding[] = [];
  for (const { upstream, tools } of upstreams) {
    for (const [index, { name }] of tools.entries()) {
      const skeleton = skeletonOf(name.toLowerCase());
      const twin = bySkeleton.get(skeleton);
      const finding = twin === undefined ? undefined : judgeTwin({ upstream, name }, twin);
      if (finding !== undefined) findings.push({ upstream, index, tool: name, path: '/name', ...finding });
      if (!bySkeleton.has(skeleton)) bySkeleton.set(skeleton, { upstream, name });
      if (!byName.has(name)) byName.set(name, { upstream, name });
    }
  }
  return [...findings, ...findForeignNames(upstreams, byName)];
}

function judgeTwin(own: Owner, twin: Owner): Pick<Finding, 'rule' | 'severity' | 'reason'> | undefined {
  if (own.name === twin.name) {
    if (own.upstream === twin.upstream) return undefined;
    return {
      rule: 'same-name',
      severity: 'warn',
      reason: `upstream ${twin.upstream} has a tool of this name`,
    };
  }
  return {
    rule: 'look-alike-name',
    severity: 'block',
    reason: `looks like ${twin.name} of upstream ${twin.upstream}`,
  };
}

function findForeignNames(
  upstreams: readonly NamedTools[],
  byName: ReadonlyMap<string, Owner>,
): NameFinding[] {
  const findings: NameFinding[] = [];
  for (const { upstream, tools } of upstreams) {
    const own = new Set(tools.map(({ name }) => name));
    for (const [index, { name, description = '' }] of tools.entries()) {
      const foreign = firstForeign(description, { own, byName });
      if (foreign === undefined) continue;
      const reason = `names ${foreign.name} of upstream ${foreign.upstream}`;
      findings.push({
        upstream,
        index,
        tool: name,
        path: '/description',
        rule: 'names-other-tool',
        severity: 'warn',
        reason,
      });
    }
  }
  return findings;
}

interface Known {
  readonly own: ReadonlySet<string>;
  readonly byName: ReadonlyMap<string, Owner>;
}

function firstForeign(description: string, { own, byName }: Known): Owner | undefined {
  for (const [identifier] of description.matchAll(IDENTIFIER)) {
    const owner = byName.get(identifier);
    if (owner !== undefined && !own.has(identifier) && identifier.length >= MIN_DISTINCTIVE) return owner;
  }
  return undefined;
}
