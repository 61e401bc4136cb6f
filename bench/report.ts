import type { Finding, Settings, Table, Verdict } from './bench.ts';
import { describeMachine } from './machine.ts';

function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A table for a terminal. */
export function printTable({ title, head, rows }: Table): string {
  const widths = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`;
  return [`  ${title}`, line(head), ...rows.map(line)].join('\n');
}

/** One line about a bar. */
export function printVerdict({ what, bar, measured, holds, isEnforced }: Verdict): string {
  const word = holds ? 'holds ' : isEnforced ? 'MISSED' : 'missed';
  return `  ${word}  ${what}: ${measured}, bar: ${bar}`;
}

function formatFinding({ title, text, tables }: Finding): string {
  const parts = tables.map((table) => `**${table.title}**\n\n${formatTable(table.head, table.rows)}`);
  return [`## ${title}`, text, ...parts].join('\n\n');
}

const intro = `# Benchmarks

This file is written by \`npm run bench\`. Read the ratios, not the absolute figures: those belong to one machine on one
day.

Each scenario puts the same bytes on several targets, one after the other in each round, and compares within the round.
The yardstick is \`bench/bare.ts\`, a pass-through on node:http and undici that parses a request, compares the mirrored
headers and forwards it, and has no rules, sessions or state. \`direct\` is the upstream without anything before it,
\`nginx\` is \`proxy_pass\` with kept connections. A cell shows the median of the rounds, and the lowest and the highest
round in brackets. A proxy that is the bottleneck has nearly all of its core; where the share is much lower, other work ran
there, and the CPU per call says more than the rate.`;

const outro = `## How to run it

\`\`\`
npm run build
npm run bench                      # all of it; writes this file
npm run bench -- --quick           # a short form, writes nothing
npm run bench -- --only call       # one scenario, writes nothing
npm run bench -- --target bare     # a pass-through in the gateway's place: shows how far the harness itself scatters
npm run bench -- --help            # all options
node bench/profile.ts              # where the gateway spends its time under the same load
\`\`\`

With \`wrk\`, \`nginx\` and \`taskset\` installed the figures are steadier and have one reference more; without them the run says
what it does in their place. The exit code is 1 when a bar is missed.`;

/** What a whole run found, as \`docs/benchmarks.md\`. */
export function formatReport(findings: readonly Finding[], settings: Settings): string {
  const machine = [['date', new Date().toISOString().slice(0, 10)], ...describeMachine()];
  const setup = `${settings.rounds} rounds of ${settings.seconds} s for each target, ${settings.connections} connections, ${settings.warmupSeconds} s of warm-up.`;
  const verdicts = findings.flatMap((finding) => finding.verdicts);
  const bars = verdicts.map(({ what, bar, measured, holds }) => [
    what,
    bar,
    measured,
    holds ? 'yes' : '**no**',
  ]);
  const sections = [
    intro,
    `## Bars\n\n${formatTable(['what', 'bar', 'measured', 'holds'], bars)}`,
    `## Machine\n\n${formatTable(['', ''], machine)}\n\n${setup}`,
    ...findings.map(formatFinding),
    outro,
  ];
  return `${sections.join('\n\n')}\n`;
}
