import { parse } from 'yaml';
import { z } from 'zod';

const Name = z.string().min(1);

const Quote = z.strictObject({
  /** Path below the folder of the specification, revision first. */
  page: z.string().regex(/^\d{4}-\d\d-\d\d\/[\w/-]+\.mdx$/),
  section: Name,
  sentence: Name,
});

const Limit = z.strictObject({
  suite: Name,
  upstreams: z.array(Name).min(1),
  scenario: Name,
  checks: z.array(Name).min(1),
  because: Name,
  /** Names of quotes. */
  quotes: z.array(Name).min(1),
});

const NotBuilt = z.strictObject({ suite: Name, scenario: Name, because: Name });

const File = z.strictObject({
  specification: z.strictObject({
    repository: Name,
    folder: Name,
    commit: z.string().regex(/^[0-9a-f]{40}$/),
  }),
  quotes: z.record(Name, Quote),
  'not-carried': z.array(Limit),
  'left-to-the-server': z.array(Limit),
  'not-built': z.array(NotBuilt),
});

/** A sentence of the specification. */
export type Quote = z.infer<typeof Quote>;

/** Checks of one scenario that some upstreams do not pass, and the sentences that make it so. */
export type Limit = z.infer<typeof Limit>;

/** Why a check may differ from the direct run. */
export interface Line {
  readonly kind: 'not-carried' | 'left-to-the-server' | 'not-built';
  readonly scenario: string;
  /** Undefined for every check of the scenario. */
  readonly checks: readonly string[] | undefined;
}

/** What the expectations file says. */
export interface Expectations {
  readonly commit: string;
  readonly quotes: ReadonlyMap<string, Quote>;
  readonly limits: readonly (Limit & { readonly kind: 'not-carried' | 'left-to-the-server' })[];
  readonly notBuilt: readonly z.infer<typeof NotBuilt>[];
}

/**
 * Reads the expectations file. Throws a `TypeError` for a line that names a quote which is not there, for a quote that
 * no line names, and for two lines about the same check.
 */
export function parseExpectations(text: string): Expectations {
  const file = File.parse(parse(text));
  const quotes = new Map(Object.entries(file.quotes));
  const limits = [
    ...file['not-carried'].map((limit) => ({ ...limit, kind: 'not-carried' as const })),
    ...file['left-to-the-server'].map((limit) => ({ ...limit, kind: 'left-to-the-server' as const })),
  ];
  const named = new Set(limits.flatMap((limit) => limit.quotes));
  for (const name of named) if (!quotes.has(name)) throw new TypeError(`expectations: no quote ${name}`);
  for (const name of quotes.keys())
    if (!named.has(name)) throw new TypeError(`expectations: no line needs the quote ${name}`);
  refuseTwice(limits);
  return { commit: file.specification.commit, quotes, limits, notBuilt: file['not-built'] };
}

function refuseTwice(limits: readonly Limit[]): void {
  const seen = new Set<string>();
  for (const { suite, upstreams, scenario, checks } of limits) {
    for (const key of upstreams.flatMap((upstream) =>
      checks.map((check) => `${suite} ${upstream} ${scenario}:${check}`),
    )) {
      if (seen.has(key)) throw new TypeError(`expectations: two lines for ${key}`);
      seen.add(key);
    }
  }
}

/** The lines for one suite in front of one upstream. */
export function linesFor({ limits, notBuilt }: Expectations, suite: string, upstream: string): Line[] {
  return [
    ...limits
      .filter((limit) => limit.suite === suite && limit.upstreams.includes(upstream))
      .map(({ kind, scenario, checks }) => ({ kind, scenario, checks })),
    ...notBuilt
      .filter((line) => line.suite === suite)
      .map(({ scenario }) => ({ kind: 'not-built' as const, scenario, checks: undefined })),
  ];
}
