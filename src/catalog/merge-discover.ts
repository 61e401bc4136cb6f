import { JsonText } from '../lib/json-text.ts';
import { declareOfferedTasks } from './offered-tasks.ts';

/** What one upstream says of itself. */
export interface Discovered {
  readonly upstream: string;
  /** Undefined while the upstream cannot be reached. */
  readonly result: JsonText | undefined;
}

/** What a merged server says in place of what its upstreams say. */
export interface ServerFace {
  readonly name: string;
  readonly title: string | undefined;
  readonly instructions: string | undefined;
  /** Version of the gateway. */
  readonly version: string;
  /** Some of its tools can be tasks. */
  readonly tasks: boolean;
}

/** Characters of merged instructions. Models read them with every conversation. */
const MAX_INSTRUCTIONS = 16_384;
const TTL_MS = 60_000;
/** How long clients may keep the answer while an upstream is missing from it. */
const INCOMPLETE_TTL_MS = 5_000;
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';

/** One DiscoverResult made of those of several upstreams, in configured order (2026-07-28 server/discover). */
export function mergeDiscover(face: ServerFace, discovered: readonly Discovered[]): JsonText {
  const isComplete = discovered.every(({ result }) => result !== undefined);
  const instructions = face.instructions ?? mergeInstructions(discovered);
  const merged = JsonText.of({
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: mergeCapabilities(discovered.map(({ result }) => result?.get('capabilities')?.value())),
    ...(instructions === '' ? {} : { instructions }),
    ttlMs: isComplete ? TTL_MS : INCOMPLETE_TTL_MS,
    cacheScope: 'private',
    _meta: {
      [SERVER_INFO]: {
        name: face.name,
        ...(face.title === undefined ? {} : { title: face.title }),
        version: face.version,
      },
    },
  });
  return declareOfferedTasks(merged, face.tasks);
}

type Settings = Readonly<Record<string, unknown>>;

/** The union. Lists may always change, since the catalog's own configuration can; an upstream's word counts otherwise. */
function mergeCapabilities(all: readonly unknown[]): Settings {
  const each = all.filter(isSettings);
  const merged: Record<string, unknown> = {};
  if (each.some((one) => one['tools'] !== undefined)) merged['tools'] = { listChanged: true };
  if (each.some((one) => one['prompts'] !== undefined)) merged['prompts'] = { listChanged: true };
  const resources = each.map((one) => one['resources']).filter(isSettings);
  if (resources.length > 0) {
    const subscribe = resources.some((one) => one['subscribe'] === true);
    merged['resources'] = { listChanged: true, ...(subscribe ? { subscribe: true } : {}) };
  }
  for (const simple of ['completions', 'logging']) {
    if (each.some((one) => one[simple] !== undefined)) merged[simple] = {};
  }
  for (const named of ['extensions', 'experimental']) {
    const union = uniteSettings(each.map((one) => one[named]).filter(isSettings));
    if (Object.keys(union).length > 0) merged[named] = union;
  }
  return merged;
}

/** Every id with its settings; an id whose settings differ between upstreams is left out, since neither would be true. */
function uniteSettings(all: readonly Settings[]): Settings {
  const union = new Map<string, unknown>();
  const conflicts = new Set<string>();
  for (const [id, settings] of all.flatMap((one) => Object.entries(one))) {
    if (union.has(id) && JSON.stringify(union.get(id)) !== JSON.stringify(settings)) conflicts.add(id);
    union.set(id, settings);
  }
  return Object.fromEntries([...union].filter(([id]) => !conflicts.has(id)));
}

/** Each upstream's instructions under its name, cut at a size that models can carry. */
function mergeInstructions(discovered: readonly Discovered[]): string {
  const parts = discovered.flatMap(({ upstream, result }) => {
    const text = result?.get('instructions')?.string();
    return text === undefined || text.trim() === '' ? [] : [`## ${upstream}\n\n${text.trim()}`];
  });
  const whole = parts.join('\n\n');
  return whole.length <= MAX_INSTRUCTIONS ? whole : `${whole.slice(0, MAX_INSTRUCTIONS)}\n\n(cut)`;
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
