/** One band of the house: folders (or single files) of `src/` that know nothing of each other. */
export interface Band {
  readonly features: readonly string[];
  /** The features may use each other, as long as no cycle comes of it. */
  readonly mayMeet?: true;
}

/**
 * The bands of `src/`, highest first. A file may import from its own feature and from any lower band.
 * Features of one band meet only as arguments that `gateway.ts` hands over.
 */
export const BANDS: readonly Band[] = [
  { features: ['index', 'cli'] },
  { features: ['gateway'] },
  { features: ['doors', 'admin'] },
  { features: ['pipeline'] },
  { features: ['steps'] },
  { features: ['auth', 'policy', 'guard', 'catalog', 'session', 'task', 'upstream'] },
  { features: ['wire', 'store', 'audit', 'telemetry'] },
  { features: ['config', 'call', 'launch-permit', 'inspector', 'errors', 'lib'], mayMeet: true },
];

/**
 * Below these features the configuration is known by its types alone: each part is handed the piece that it needs.
 */
export const READS_CONFIG: readonly string[] = ['index', 'cli', 'gateway', 'config'];

/** Features that do no input or output of their own. They may use the types of these modules, never their values. */
export const WITHOUT_IO: readonly string[] = ['wire', 'lib', 'call', 'launch-permit', 'inspector', 'errors'];

/** The modules that do input or output. */
export const IO_MODULES: readonly string[] = [
  'node:child_process',
  'node:cluster',
  'node:dgram',
  'node:dns',
  'node:dns/promises',
  'node:fs',
  'node:fs/promises',
  'node:http',
  'node:http2',
  'node:https',
  'node:net',
  'node:readline',
  'node:sqlite',
  'node:tls',
  'node:worker_threads',
  'pino',
  'undici',
];

/** The limits that the size and shape rules hold. */
export const BUDGET = {
  fileLines: 400,
  medianFileLines: 120,
  functionLines: 80,
  nesting: 4,
  parameters: 3,
} as const;

/** Generated and schema files that the size rules pass over, each by name and with its reason. */
export const UNBUDGETED: Readonly<Record<string, string>> = {};

/** Words that say nothing of what a file does, wherever they stand in its name. */
export const EMPTY_NAMES: readonly string[] = [
  'util',
  'utils',
  'helper',
  'helpers',
  'service',
  'services',
  'manager',
  'managers',
];
