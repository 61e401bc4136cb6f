import type { Environment, LoadedConfig, UpstreamConfig } from '../../config/types.ts';
import { countThings } from '../count-things.ts';
import { EXIT } from '../exit-codes.ts';
import { formatTable } from '../format-table.ts';
import { toSarif } from '../scan-sarif.ts';
import type { Terminal } from '../terminal.ts';
import { type OpenUpstreams, openUpstreams } from './open-upstreams.ts';
import { type Offers, readOffers, type Unreached } from './read-offers.ts';
import { type OfferFinding, scanOffers } from './scan-offers.ts';
import { bySeverity, showText } from './show.ts';

/** What is scanned, and how. */
export interface ScanLiveOptions {
  readonly loaded: LoadedConfig;
  readonly environment: Environment;
  /** The file or the URL that the servers come from. */
  readonly uri: string;
  readonly isSarif: boolean;
  readonly version: string;
}

/** Upstreams that are asked at once. */
const AT_ONCE = 4;
const HEAD: readonly string[] = ['SEVERITY', 'UPSTREAM', 'KIND', 'NAME', 'RULE', 'PLACE', 'REASON'];

/**
 * Asks every upstream for what it offers, and scans it all. One that cannot be asked is named, and the others go on.
 * Gives 1 if something should be blocked, else 3 if an upstream could not be asked.
 */
export async function scanLive(options: ScanLiveOptions, terminal: Terminal): Promise<number> {
  const { loaded, uri, isSarif, version } = options;
  const opened = await openUpstreams(options);
  const answers = await askAll(loaded.config.upstreams, { opened, terminal }).finally(() => opened.close());
  const reached = answers.filter((answer) => answer.kind === 'offers');
  const unreached = answers.filter((answer) => answer.kind === 'unreached');
  const findings = scanOffers(reached);
  if (isSarif) {
    const placed = findings.map(({ upstream, kind, ...finding }) => ({
      ...finding,
      within: `${upstream}/${kind}`,
    }));
    terminal.emit(toSarif(placed, { uri, version }));
  } else {
    terminal.emit({ findings, upstreams: answers.map(summaryOf) });
  }
  terminal.say(describe(findings, reached, unreached));
  for (const { upstream, message, code } of unreached) {
    const how = code === 'UPSTREAM_REFUSED' ? ' Give it credentials: --header with --url, else headers.' : '';
    terminal.warn(`gateward: ${upstream} was not scanned: ${showText(message)}${how}`);
  }
  if (findings.some(({ severity }) => severity === 'block')) return EXIT.failed;
  return unreached.length > 0 ? EXIT.unreachable : EXIT.ok;
}

interface Asking {
  readonly opened: OpenUpstreams;
  readonly terminal: Terminal;
}

/** Asks a few at a time; answers are in the order of the configuration. */
async function askAll(
  configs: readonly UpstreamConfig[],
  { opened, terminal }: Asking,
): Promise<readonly (Offers | Unreached)[]> {
  const answers: (Offers | Unreached)[] = [];
  const waiting = [...configs.entries()];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, config] = next;
      const answer = await readOffers({ config, upstream: opened.create(config) });
      answers[index] = answer;
      done += 1;
      if (configs.length > 1)
        terminal.warn(`${done}/${configs.length} ${config.name}: ${progressOf(answer)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

function progressOf(answer: Offers | Unreached): string {
  return answer.kind === 'offers' ? countThings(countOf(answer), 'definition') : 'not reached';
}

function countOf({ lists }: Offers): number {
  return Object.values(lists).reduce((sum, list) => sum + list.length, 0);
}

function summaryOf(answer: Offers | Unreached): object {
  const { upstream: name } = answer;
  if (answer.kind === 'unreached') return { name, error: { code: answer.code, message: answer.message } };
  const { tools, prompts, resources, templates } = answer.lists;
  return {
    name,
    tools: tools.length,
    prompts: prompts.length,
    resources: resources.length,
    templates: templates.length,
  };
}

function describe(
  findings: readonly OfferFinding[],
  reached: readonly Offers[],
  unreached: readonly Unreached[],
): string {
  const blocked = findings.filter(({ severity }) => severity === 'block');
  const places = new Set(blocked.map(({ upstream, kind, index }) => `${upstream}/${kind}/${index}`));
  const count = reached.reduce((sum, offers) => sum + countOf(offers), 0);
  const summary = [
    `${countThings(reached.length, 'upstream')}, ${countThings(count, 'definition')}, ${places.size} to block, ${countThings(findings.length, 'finding')}.`,
    ...(unreached.length > 0 ? [`${countThings(unreached.length, 'upstream')} not scanned.`] : []),
  ].join(' ');
  if (findings.length === 0) return summary;
  return `${formatTable([HEAD, ...bySeverity(findings).map(rowOf)])}\n\n${summary}`;
}

function rowOf({ severity, upstream, kind, tool, rule, path, reason }: OfferFinding): readonly string[] {
  return [
    severity,
    upstream,
    kind,
    showText(tool),
    rule,
    showText(path === '' ? '/' : path),
    showText(reason),
  ];
}
