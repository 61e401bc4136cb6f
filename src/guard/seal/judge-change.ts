import { hasHidden } from '../../lib/hidden-text.ts';
import type { ClientFile, Part } from './client-file.ts';
import { isSame, isTree, memberOf } from './formats/tree.ts';
import { pointsAtGateway } from './points-at-gateway.ts';
import { readServers } from './server-entry.ts';

/** How grave a change is: an alarm is what the known attacks do, a question is what people do every day. */
export interface Judgement {
  readonly level: 'alarm' | 'question';
  readonly reason: string;
}

/** What is judged. */
export interface Judged {
  readonly file: ClientFile;
  /** As it is now, or as it was if it is gone. */
  readonly part: Part;
  readonly what: 'added' | 'changed' | 'removed';
  readonly before: unknown;
  readonly after: unknown;
  readonly gateways: readonly string[];
}

/** Keys of a server's entry that neither lead elsewhere nor give rights. */
const HARMLESS: readonly string[] = [
  'description',
  'disabled',
  'disabledTools',
  'enabled',
  'excludeTools',
  'startup_timeout_sec',
  'timeout',
  'tool_timeout_sec',
];

/** Judges one change of one part. */
export function judgeChange(judged: Judged): Judgement {
  if (holdsHidden(judged.after)) return alarm('It holds characters that cannot be seen.');
  if (judged.part.kind === 'server') return judgeServer(judged);
  return judged.part.kind === 'hook' ? judgeHook(judged) : judgeTrust(judged);
}

function judgeServer({ file, part, what, before, after, gateways }: Judged): Judgement {
  if (what === 'added') return question('A new server. Did you add it?');
  if (what === 'removed') {
    const wasOurs = readServers(file, [{ ...part, value: before }]).some((entry) =>
      pointsAtGateway(entry, gateways),
    );
    return wasOurs
      ? alarm('The client no longer goes through the gateway.')
      : question('A server is gone. Did you take it out?');
  }
  const keys = changedKeys(before, after);
  if (keys.every((key) => HARMLESS.includes(key)))
    return question('The server leads where it did. Did you change it?');
  return alarm(`The server is another one: ${keys.join(', ')} changed.`);
}

function changedKeys(before: unknown, after: unknown): readonly string[] {
  if (!isTree(before) || !isTree(after)) return ['the entry'];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isSame(memberOf(before, key), memberOf(after, key)));
}

function judgeHook({ what }: Judged): Judgement {
  if (what === 'removed') return question('The client no longer runs this. Did you take it out?');
  return alarm('The client runs this by itself.');
}

function judgeTrust({ part, what, before, after }: Judged): Judgement {
  if (part.protects) {
    const isMore = what === 'added' ? after !== false : isWithin(before, after);
    return isMore
      ? question('A protection was added. Did you do that?')
      : alarm('A protection was taken away.');
  }
  if (what === 'removed' || (what === 'changed' && isWithin(after, before)))
    return question('The client trusts less. Did you do that?');
  return alarm('The client asks for less leave than before.');
}

/** Whether a list holds nothing that another lacks. */
function isWithin(part: unknown, whole: unknown): boolean {
  if (!Array.isArray(part) || !Array.isArray(whole)) return false;
  return part.every((item) => whole.some((other) => isSame(item, other)));
}

function holdsHidden(value: unknown): boolean {
  if (typeof value === 'string') return hasHidden(value.replaceAll(/[\t\r\n]/g, ''));
  if (Array.isArray(value)) return value.some(holdsHidden);
  return (
    isTree(value) && Object.entries(value).some(([key, member]) => hasHidden(key) || holdsHidden(member))
  );
}

function alarm(reason: string): Judgement {
  return { level: 'alarm', reason };
}

function question(reason: string): Judgement {
  return { level: 'question', reason };
}
