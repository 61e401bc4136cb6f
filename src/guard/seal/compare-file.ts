import { digestJson } from '../../lib/digest-json.ts';
import type { SealedFile, SealedPart } from './baseline.ts';
import type { ClientFile, Part } from './client-file.ts';
import { type Judgement, judgeChange } from './judge-change.ts';
import type { ClientReading } from './read-client-file.ts';

/** What differs from the seal. */
export interface Change extends Judgement {
  readonly file: ClientFile;
  /** `file`: it concerns the whole file. */
  readonly kind: Part['kind'] | 'file';
  readonly what: 'added' | 'changed' | 'removed' | 'unreadable' | 'redirected';
  /** JSON Pointer (RFC 6901); empty for the file. */
  readonly pointer: string;
  readonly path: readonly string[];
  readonly name: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** Names what stands there now, to know it again. */
  readonly digest: string;
}

/** What of a file differs from its seal, part by part. `gateways` are the URLs of the gateway. */
export function compareFile(
  sealed: SealedFile,
  reading: ClientReading,
  gateways: readonly string[],
): readonly Change[] {
  if (reading.state === 'broken') {
    const reason = `The file cannot be judged: ${reading.reason}.`;
    return [aboutFile(sealed, { what: 'unreadable', level: 'alarm', reason, digest: reading.reason })];
  }
  const now = new Map(reading.state === 'read' ? reading.parts.map((part) => [part.pointer, part]) : []);
  const then = new Map(sealed.parts.map((part) => [part.pointer, part]));
  const pointers = new Set([...then.keys(), ...now.keys()]);
  const changes = [...pointers].flatMap((pointer) =>
    compare({ sealed, gateways, before: then.get(pointer), after: now.get(pointer) }),
  );
  return [...redirected(sealed, reading), ...changes];
}

interface Compared {
  readonly sealed: SealedFile;
  readonly gateways: readonly string[];
  readonly before: SealedPart | undefined;
  readonly after: Part | undefined;
}

function compare({ sealed, gateways, before, after }: Compared): readonly Change[] {
  const part = after ?? before;
  const digest = after === undefined ? 'removed' : digestJson(after.value);
  const was = before?.isIdle ? undefined : before;
  const is = after?.isIdle ? undefined : after;
  if (part === undefined || digest === before?.digest || (was === undefined && is === undefined)) return [];
  const what = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
  const { kind, pointer, path, name } = part;
  return [
    {
      ...judgeChange({ file: sealed, part, what, before: was?.value, after: is?.value, gateways }),
      file: sealed,
      kind,
      what,
      pointer,
      path,
      name,
      digest,
      ...(before === undefined ? {} : { before: before.value }),
      ...(after === undefined ? {} : { after: after.value }),
    },
  ];
}

/** A link in place of the file, or another one: whoever owns the new place decides from now on. */
function redirected(sealed: SealedFile, reading: ClientReading): readonly Change[] {
  if (reading.state !== 'read' || sealed.realPath === null || reading.realPath === sealed.realPath) return [];
  const reason = 'The file now lies in another place: it, or a folder above it, became a link.';
  const { realPath } = reading;
  return [
    {
      ...aboutFile(sealed, { what: 'redirected', level: 'alarm', reason, digest: realPath }),
      before: sealed.realPath,
      after: realPath,
    },
  ];
}

function aboutFile(file: ClientFile, more: Pick<Change, 'what' | 'level' | 'reason' | 'digest'>): Change {
  return { file, kind: 'file', pointer: '', path: [], name: file.path, ...more };
}
