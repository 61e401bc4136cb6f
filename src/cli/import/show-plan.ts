import { describeJudged, showJudgedLaunch } from '../show-judged-launch.ts';
import { bare, type ShownText, show } from '../shown-text.ts';
import type { GatewayTarget } from './gateway-entry.ts';
import type { ImportPlan, PlannedServer } from './plan-import.ts';

/** A plan as people read it before they agree. */
export function showPlan(plan: ImportPlan, { url }: GatewayTarget): readonly ShownText[] {
  const lines: ShownText[] = [];
  for (const path of new Set(plan.servers.map(({ source }) => source.file))) {
    const servers = plan.servers.filter(({ source }) => source.file === path);
    lines.push(show`${bare(path)} (${bare(servers[0]?.source.client ?? '')})`);
    for (const server of servers) lines.push(...showServer(server));
    if (plan.files.some(({ file }) => file.path === path))
      lines.push(show`  In their place stays one entry, which leads to ${bare(url)}`);
    lines.push(show``);
  }
  for (const { path, reason } of plan.broken) lines.push(show`${bare(path)} is left alone: ${bare(reason)}.`);
  return lines;
}

function showServer(server: PlannedServer): readonly ShownText[] {
  const { name } = server.source;
  if (server.state === 'left') return [show`  ${name} stays there. ${bare(server.reason)}`];
  const { upstream, entry, judged, dropped } = server;
  const lines =
    server.state === 'same'
      ? [show`  ${name} is the upstream ${bare(upstream)} already.`]
      : [show`  ${name} becomes the upstream ${bare(upstream)}.`];
  if (server.state === 'moved' && 'url' in entry) lines.push(...showHttp(entry));
  if (server.state === 'moved' && judged !== undefined)
    lines.push(...showJudgedLaunch(entry, judged).map((line) => show`  ${line}`));
  if (judged !== undefined && judged.verdict !== 'accept')
    lines.push(show`    It waits for: gateward server approve ${bare(upstream)}`);
  if (dropped.length > 0) lines.push(show`    Not carried over: ${bare(dropped.join(', '))}`);
  return lines;
}

function showHttp({
  url,
  headers = {},
}: {
  url: string;
  headers?: Readonly<Record<string, string>>;
}): ShownText[] {
  return [
    show`    ${url}`,
    ...Object.entries(headers).map(([name, value]) => show`    ${bare(name)}: ${value}`),
  ];
}

/** A server of a plan for scripts. Holds no secrets. */
export function describeServer(server: PlannedServer): Readonly<Record<string, unknown>> {
  const { client, file, path, name } = server.source;
  const where = { client, file, path, name, state: server.state };
  if (server.state === 'left') return { ...where, reason: server.reason };
  const { upstream, entry, judged, dropped } = server;
  // An entry that was there before is the operator's own.
  const written = server.state === 'moved' ? { entry } : {};
  return { ...where, upstream, ...written, launch: describeJudged(judged), dropped };
}
