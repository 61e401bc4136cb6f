import type { Bypass } from '../guard/seal/check-baseline.ts';
import type { Change } from '../guard/seal/compare-file.ts';
import { maskSecrets, showValue } from '../guard/seal/show-value.ts';
import { nameHidden } from '../lib/hidden-text.ts';

/** What a local guard cannot do: said wherever one might think that it could. */
export const LIMIT =
  'A program that runs with your rights can read the key of this seal, make another, and stop the watch: a local guard detects, it does not prevent.';

/** A change as JSON: secrets masked. */
export function changeToJson(change: Change): Readonly<Record<string, unknown>> {
  const { file, kind, what, pointer, name, level, reason, before, after } = change;
  const values = {
    ...('before' in change ? { before: maskSecrets(before) } : {}),
    ...('after' in change ? { after: maskSecrets(after) } : {}),
  };
  return { level, client: file.client, file: file.path, kind, what, pointer, name, reason, ...values };
}

/** The same for people, several lines. Characters that cannot be seen are named, secrets masked. */
export function describeChange(change: Change): string {
  const lines = [describePlace(change), `    ${change.reason}`];
  if ('before' in change) lines.push(`    was  ${nameHidden(showValue(change.before))}`);
  if ('after' in change) lines.push(`    now  ${nameHidden(showValue(change.after))}`);
  return lines.join('\n');
}

/** One line: what changed where. */
export function describePlace({ file, kind, what, name }: Change): string {
  const path = nameHidden(file.path);
  if (kind === 'file') return `${file.client}: ${path} is ${what}`;
  return `${file.client}: ${kind} ${nameHidden(name)} was ${what} in ${path}`;
}

/** A server that a client reaches past the gateway, as JSON. */
export function bypassToJson({ file, server }: Bypass): Readonly<Record<string, unknown>> {
  const { name, transport } = server;
  return { client: file.client, file: file.path, name, transport, reason: BYPASS };
}

/** The same for people: one line. */
export function describeBypass({ file, server }: Bypass): string {
  return `${file.client}: server ${nameHidden(server.name)} in ${nameHidden(file.path)} does not lead to the gateway.`;
}

/** What to do about such servers. */
export const MOVES = 'gateward import moves such servers behind the gateway.';

const BYPASS =
  'It does not lead to the gateway, so nothing of it is checked. gateward import moves it there.';
