import type { UpstreamConfig } from '../../config/types.ts';
import type { ListedKind, Watchfulness } from '../../inspector.ts';
import { type Identity, identityOf } from './identity.ts';

/** The kinds of things that are pinned. */
export type PinnedKind = ListedKind | 'instructions';

/** What the configuration says of the things of one kind at one upstream. */
export interface PinRules extends Watchfulness {
  /** New and changed things are noted. */
  readonly notes: boolean;
  /** What is new where nothing was ever approved is approved by that. */
  readonly trustsFirst: boolean;
  /** What becomes of what the scan would block. */
  readonly scan: 'off' | 'warn' | 'block';
}

/** One upstream as its pins see it. */
export interface PinnedUpstream {
  readonly name: string;
  readonly identity: Identity;
  readonly identityRules: PinRules;
  readonly rules: Readonly<Record<PinnedKind, PinRules>>;
}

/** Reads what pins do at an upstream out of its configuration. */
export function pinnedUpstream(config: UpstreamConfig): PinnedUpstream {
  const { pins, guard } = config;
  const rulesOf = (isPinned: boolean, scan: PinRules['scan']): PinRules => {
    const notes = isPinned && pins.mode !== 'off';
    return {
      notes,
      looks: notes || scan !== 'off',
      strict: notes && pins.mode === 'enforce',
      eachCall: notes && pins.verify === 'each-call',
      trustsFirst: pins.mode === 'warn' || pins.firstSight === 'approve',
      scan,
    };
  };
  const of = (kind: PinnedKind): PinRules => rulesOf(pins.kinds.includes(kind), guard.definitions);
  return {
    name: config.name,
    identity: identityOf(config),
    identityRules: rulesOf(true, 'off'),
    rules: {
      tools: of('tools'),
      prompts: of('prompts'),
      resources: of('resources'),
      templates: of('templates'),
      instructions: of('instructions'),
    },
  };
}
