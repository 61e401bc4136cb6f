import type { Verdict } from './judge.ts';

const BEGIN = '<!-- matrix -->';
const END = '<!-- /matrix -->';

/** What one suite found in front of one upstream, in checks. */
export type Cell = Pick<Verdict, 'passed' | 'notCarried' | 'notBuilt'>;

/** One line of the table. */
export interface Row {
  readonly label: string;
  /** One cell for each suite, in their order. */
  readonly cells: readonly Cell[];
}

/** What the table is made of. */
export interface Matrix {
  /** The version of the suite's package. */
  readonly version: string;
  readonly revisions: readonly string[];
  readonly rows: readonly Row[];
}

/** Adds up the verdicts of the scenarios. */
export function addUp(verdicts: readonly Cell[]): Cell {
  const sum = (field: keyof Cell): number => verdicts.reduce((total, verdict) => total + verdict[field], 0);
  return { passed: sum('passed'), notCarried: sum('notCarried'), notBuilt: sum('notBuilt') };
}

/** Writes the matrix as a Markdown table, markers included. */
export function renderTable({ version, revisions, rows }: Matrix): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const notBuilt = Math.max(...rows.flatMap(({ cells }) => cells.map((cell) => cell.notBuilt)));
  return [
    BEGIN,
    line([`upstream (suite ${version})`, ...revisions.map((revision) => `${revision} client`)]),
    line(['---', ...revisions.map(() => '---')]),
    ...rows.map(({ label, cells }) => line([label, ...cells.map(renderCell)])),
    ...(notBuilt === 0 ? [] : ['', `Not built: what ${notBuilt} of the checks ask for.`]),
    END,
  ].join('\n');
}

function renderCell({ passed, notCarried, notBuilt }: Cell): string {
  const parts = [`${passed} passed`];
  if (notCarried > 0) parts.push(`${notCarried} cannot be carried`);
  if (notBuilt > 0) parts.push(`${notBuilt} not built`);
  return `${parts.join(', ')}, of ${passed + notCarried + notBuilt}`;
}

/** The table that a text holds between its markers. Throws a `TypeError` for a text without them. */
export function findTable(text: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END, from);
  if (from === -1 || to === -1) throw new TypeError(`no ${BEGIN} … ${END} in the text`);
  return text.slice(from, to + END.length);
}

/** Puts a table where the old one stands. */
export function replaceTable(text: string, table: string): string {
  return text.replace(findTable(text), () => table);
}
