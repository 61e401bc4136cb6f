import ts from 'typescript';
import { BANDS, IO_MODULES, READS_CONFIG, WITHOUT_IO } from './bands.ts';
import { featureOf, type Import, importsOf } from './imports.ts';
import { at, type Finding, type Rule, type Source } from './source.ts';

function bandOf(feature: string): number {
  return BANDS.findIndex((band) => band.features.includes(feature));
}

/** Applies a check to each import of each file of `src/` that is shipped. */
function* eachImport(
  sources: readonly Source[],
  check: (from: string, imported: Import, source: Source) => string | undefined,
): Generator<Finding> {
  for (const source of sources) {
    const from = featureOf(source.path);
    if (from === undefined || source.isTest) continue;
    for (const imported of importsOf(source)) {
      const what = check(from, imported, source);
      if (what !== undefined) yield { path: source.path, line: imported.line, what };
    }
  }
}

const knownFolders: Rule = {
  name: 'every folder and file directly below src has a band',
  cure: 'Move it into the folder that its rule belongs to; a new noun of the product is added to BANDS in test/architecture/bands.ts',
  *find(sources) {
    for (const { path } of sources) {
      const feature = featureOf(path);
      if (feature !== undefined && bandOf(feature.replace(/\.test$/, '')) < 0) {
        yield { path, line: 1, what: `src/${feature} is in no band` };
      }
    }
  },
};

const downOnly: Rule = {
  name: 'imports go down the bands only',
  cure: 'Hand the value over as an argument from a higher band, or move what both need to a lower one',
  find: (sources) =>
    eachImport(sources, (from, { specifier, target }) => {
      const to = target === undefined ? undefined : featureOf(target);
      if (to === undefined || to === from || bandOf(to) < 0 || bandOf(from) < bandOf(to)) return undefined;
      if (bandOf(from) > bandOf(to)) return `${from} imports ${specifier}, which is higher up`;
      if (BANDS[bandOf(from)]?.mayMeet) return undefined;
      return `${from} imports ${specifier}: ${from} and ${to} are of one band and must not know each other`;
    }),
};

const configTypes: Rule = {
  name: 'below the composition root the configuration is known by its types alone',
  cure: 'Use `import type`, and take the value as an argument',
  find: (sources) =>
    eachImport(sources, (from, { specifier, target, typeOnly }) => {
      const isConfig = target !== undefined && featureOf(target) === 'config';
      if (!isConfig || typeOnly || READS_CONFIG.includes(from)) return undefined;
      return `${from} imports values of ${specifier}`;
    }),
};

const withoutIo: Rule = {
  name: 'codecs, deciders and lib do no input or output',
  cure: 'Take bytes or values as arguments, and leave the reading and writing to a door, a connector or a store',
  find: (sources) =>
    eachImport(sources, (from, { specifier, typeOnly }) => {
      if (typeOnly || !WITHOUT_IO.includes(from) || !IO_MODULES.includes(specifier)) return undefined;
      return `${from} imports ${specifier}`;
    }),
};

/** The one file that starts programs; it takes nothing but permits. */
const STARTS_PROGRAMS = 'src/upstream/stdio/stdio-process.ts';

const oneStarter: Rule = {
  name: 'one file of src starts programs',
  cure: 'Ask authorizeLaunch for a permit, and give it to StdioProcess',
  find: (sources) =>
    eachImport(sources, (_from, { specifier, typeOnly }, { path }) =>
      /^(?:node:)?child_process$/.test(specifier) && !typeOnly && path !== STARTS_PROGRAMS
        ? `imports ${specifier}`
        : undefined,
    ),
};

const insideSrc: Rule = {
  name: 'src imports nothing from outside src',
  cure: 'What is shipped must stand in src; what only tests need must stay out of it',
  find: (sources) =>
    eachImport(sources, (_from, { specifier, target }) =>
      target === undefined || target.startsWith('src/') ? undefined : `imports ${specifier}`,
    ),
};

const oneBarrel: Rule = {
  name: 'src/index.ts is the only barrel, and nothing in src goes through it',
  cure: 'Import from the file that declares the thing',
  *find(sources) {
    for (const source of sources) {
      if (!source.path.startsWith('src/') || source.path === 'src/index.ts') continue;
      if (/\/index\.ts$/.test(source.path)) yield { path: source.path, line: 1, what: 'a barrel file' };
      for (const { target, line } of importsOf(source)) {
        if (target === 'src/index.ts') yield { path: source.path, line, what: 'imports the public barrel' };
      }
      for (const statement of source.tree.statements) {
        if (ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined) {
          yield at(source, statement, 're-exports what another file declares');
        }
      }
    }
  },
};

const extensions: Rule = {
  name: 'relative imports carry the .ts extension',
  cure: 'Name the file as it stands on the disk',
  find: (sources) =>
    eachImport(sources, (_from, { specifier, target }) =>
      target !== undefined && !/\.(ts|json)$/.test(specifier) ? `imports ${specifier}` : undefined,
    ),
};

const noCycles: Rule = {
  name: 'no file imports itself by way of others',
  cure: 'Move what both need into a file of its own below them, or hand it over as an argument',
  *find(sources) {
    for (const { path, line, chain } of findCycles(sources)) {
      yield { path, line, what: `import cycle ${chain.join(' -> ')}` };
    }
  },
};

interface Cycle {
  readonly path: string;
  readonly line: number;
  readonly chain: readonly string[];
}

/** One cycle for each import that closes one, found depth first. */
function findCycles(sources: readonly Source[]): Cycle[] {
  const graph = new Map(sources.map((source) => [source.path, importsOf(source)]));
  const finished = new Set<string>();
  const cycles: Cycle[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (finished.has(path)) return;
    for (const { target, line } of graph.get(path) ?? []) {
      if (target === undefined || !graph.has(target)) continue;
      const start = [...trail, path].indexOf(target);
      if (start >= 0) cycles.push({ path, line, chain: [...trail, path, target].slice(start) });
      else visit(target, [...trail, path]);
    }
    finished.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
}

/** A rule that only the packages under `dependencies` are imported by what is shipped. */
export function runtimePackagesOnly(dependencies: readonly string[]): Rule {
  return {
    name: 'src imports only the run-time dependencies and node: modules',
    cure: "Add the package to `dependencies` with its reason in docs/dependencies.md, write 'node:name', or do without",
    find: (sources) =>
      eachImport(sources, (_from, { specifier, target }) => {
        if (target !== undefined || specifier.startsWith('node:')) return undefined;
        const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
        return dependencies.includes(name) ? undefined : `imports ${specifier}`;
      }),
  };
}

/** The rules about who may import whom. */
export const IMPORT_RULES: readonly Rule[] = [
  knownFolders,
  downOnly,
  configTypes,
  withoutIo,
  oneStarter,
  insideSrc,
  oneBarrel,
  extensions,
  noCycles,
];
