import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** One line of a scenario's result, as the public suite writes it. */
const Written = z.object({
  id: z.string(),
  name: z.string(),
  status: z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']),
  errorMessage: z.string().optional(),
  details: z.unknown().optional(),
});

const ToolError = z.object({ result: z.object({ isError: z.literal(true) }) });

/** One check of a scenario. */
export interface Check {
  readonly id: string;
  readonly name: string;
  readonly status: z.infer<typeof Written>['status'];
  readonly errorMessage?: string | undefined;
  /** Whether its call ended in a tool error, which some checks take for success. */
  readonly endsInToolError?: boolean;
}

/** The checks of a run by scenario. */
export type Results = ReadonlyMap<string, readonly Check[]>;

const Requirements = z.object({
  server: z.array(z.string()),
  not_scored: z.array(z.object({ scenario: z.string(), leg: z.string(), reason: z.string() })),
});

/** A scenario that a revision's frozen set runs against servers. */
export interface Scenario {
  readonly name: string;
  /** Whether the revision requires it. */
  readonly isScored: boolean;
  /** Whether it belongs to an extension, which a server may do without. */
  readonly isExtension: boolean;
}

/** Reads the frozen set of a revision from the suite's own package, in the order in which the suite runs it. */
export async function readScenarios(suiteFolder: string, revision: string): Promise<Scenario[]> {
  const text = await readFile(join(suiteFolder, 'requirements', `${revision}.yaml`), 'utf8');
  const set = Requirements.parse(parse(text));
  const scored = set.server.map((name) => ({ name, isScored: true, isExtension: false }));
  const others = set.not_scored.filter(({ leg }) => leg === 'server');
  return [
    ...scored,
    ...others.map(({ scenario, reason }) => ({
      name: scenario,
      isScored: false,
      isExtension: reason === 'extension',
    })),
  ];
}

/** Reads the checks that a run of the suite left in its output folder. */
export async function readResults(folder: string): Promise<Results> {
  const results = new Map<string, Check[]>();
  for (const entry of await readdir(folder)) {
    const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(entry)?.[1];
    if (scenario === undefined) continue;
    const text = await readFile(join(folder, entry, 'checks.json'), 'utf8');
    results.set(scenario, z.array(Written).parse(JSON.parse(text)).map(readCheck));
  }
  return results;
}

function readCheck({ details, ...check }: z.infer<typeof Written>): Check {
  return { ...check, endsInToolError: ToolError.safeParse(details).success };
}

/** The version of the suite that lies in a folder. */
export async function readSuiteVersion(suiteFolder: string): Promise<string> {
  const text = await readFile(join(suiteFolder, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
