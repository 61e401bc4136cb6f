import { createHash } from 'node:crypto';
import type { Item } from '../../inspector.ts';
import type { Hit } from '../scan/rule.ts';
import { scanDefinition } from '../scan/scan-definition.ts';
import { digestDefinition } from './digest-definition.ts';

/** What a scan found in one definition, and where. */
export type DefinitionFinding = Hit & { readonly path: string };

/** What is known of one text of a definition. */
export interface KnownDefinition {
  readonly digest: string;
  /** What the scan found; undefined until somebody asked. */
  findings: readonly DefinitionFinding[] | undefined;
}

/** Texts of which something is known. */
const MAX_KNOWN = 50_000;
/** Findings of one definition, and characters of the place of each: both are kept, in memory and in the store. */
const MAX_FINDINGS = 50;
const MAX_PATH = 300;

/**
 * Digests and findings by text, so that a list which is read again costs next to nothing, whoever reads it. Bounded:
 * the memory starts anew when it is full.
 */
export class KnownDefinitions {
  readonly #byItem = new WeakMap<Item, KnownDefinition>();
  readonly #byText = new Map<string, KnownDefinition>();

  /** What was found out of this very item before. */
  peek(item: Item): KnownDefinition | undefined {
    return this.#byItem.get(item);
  }

  of(item: Item): KnownDefinition {
    const known = this.#byItem.get(item);
    if (known !== undefined) return known;
    const key = createHash('sha256').update(item.text).digest('base64');
    let same = this.#byText.get(key);
    if (same === undefined) {
      same = { digest: digestDefinition(item.text).digest, findings: undefined };
      if (this.#byText.size >= MAX_KNOWN) this.#byText.clear();
      this.#byText.set(key, same);
    }
    this.#byItem.set(item, same);
    return same;
  }

  /** What the scan finds in an item, each definition judged as if its server were alone. */
  scan(item: Item): readonly DefinitionFinding[] {
    const known = this.of(item);
    known.findings ??= gravest(scanDefinition(JSON.parse(item.text), 0));
    return known.findings;
  }
}

/** The findings that say most, in their order where they weigh the same. A hostile definition has as many as it wants. */
function gravest(found: readonly DefinitionFinding[]): readonly DefinitionFinding[] {
  const sorted = found.length <= MAX_FINDINGS ? found : found.toSorted(bySeverity).slice(0, MAX_FINDINGS);
  return sorted.map(({ rule, severity, reason, path }) => ({
    rule,
    severity,
    reason,
    path: path.length > MAX_PATH ? `${path.slice(0, MAX_PATH - 1)}…` : path,
  }));
}

const WEIGHT: Readonly<Record<DefinitionFinding['severity'], number>> = { block: 0, warn: 1, info: 2 };

function bySeverity(one: DefinitionFinding, other: DefinitionFinding): number {
  return WEIGHT[one.severity] - WEIGHT[other.severity];
}
