import type { AuthorizationContext } from '../call.ts';
import { joinMembers } from '../lib/json-edit.ts';
import { JsonText } from '../lib/json-text.ts';
import type { Seal } from '../lib/seal.ts';
import type { TaskAttempt } from './operations.ts';

/** A task of the upstream's own that the call became there. */
export interface UpstreamTask {
  /** The upstream's id, which may be a bearer secret. */
  readonly id: string;
  /** Milliseconds between two looks at it that the upstream asks for. */
  readonly pollIntervalMs: number | undefined;
}

/** What a replica needs to go on with a task. */
export interface TaskImage {
  /** The `tools/call` in the names of its server, as it is to be sent now. */
  readonly message: JsonText;
  /** The context of its caller at the upstream. */
  readonly context: AuthorizationContext;
  /** Milliseconds that it is kept after its end. */
  readonly retentionMs: number;
  /** Counts the times that it asked for input. */
  readonly round: number;
  /** What it asks now, by the key that its client sees. */
  readonly asked: ReadonlyMap<string, JsonText>;
  /** The `requestState` that goes back with the answers. */
  readonly requestState: JsonText | undefined;
  readonly upstreamTask: UpstreamTask | undefined;
  /** A state by which a call that was under way can be gone on with. */
  readonly resumable: string | undefined;
  /** Attempts that came to their end for something else than an answer. */
  readonly failures: number;
  readonly history: readonly TaskAttempt[];
  /** Why it is where it is, in public words. */
  readonly note: string | undefined;
}

/** What a task begins with. */
export type NewImage = Pick<TaskImage, 'message' | 'context' | 'retentionMs'>;

/** The image of a task that has not begun. */
export function newImage(begun: NewImage): TaskImage {
  return {
    ...begun,
    round: 0,
    asked: NOTHING_ASKED,
    requestState: undefined,
    upstreamTask: undefined,
    resumable: undefined,
    failures: 0,
    history: [],
    note: undefined,
  };
}

/** Of a task that asks nothing. */
export const NOTHING_ASKED: ReadonlyMap<string, JsonText> = new Map();

/** Attempts that are told; older ones are forgotten. */
const MAX_HISTORY = 20;

/** The history with one more attempt. */
export function withAttempt(
  { history }: Pick<TaskImage, 'history'>,
  begun: Pick<TaskAttempt, 'startedAt' | 'replica'>,
): readonly TaskAttempt[] {
  return [...history, { ...begun, endedAt: undefined, end: undefined }].slice(-MAX_HISTORY);
}

/** The history with the newest attempt ended. */
export function withAttemptEnded(
  { history }: Pick<TaskImage, 'history'>,
  { endedAt, end }: { readonly endedAt: string; readonly end: string },
): readonly TaskAttempt[] {
  const open = openAttempt({ history });
  return open === undefined ? history : [...history.slice(0, -1), { ...open, endedAt, end }];
}

/** The newest attempt, as long as nobody has ended it. */
export function openAttempt({ history }: Pick<TaskImage, 'history'>): TaskAttempt | undefined {
  const last = history.at(-1);
  return last?.end === undefined ? last : undefined;
}

/** Writes an image, so that only this gateway can read it and only as that of this task. */
export function sealImage(seal: Seal, id: string, image: TaskImage): Buffer {
  const { message, asked, requestState, upstreamTask, ...plain } = image;
  const json = JsonText.of({ ...plain, id, upstreamTask: upstreamTask ?? null }).with({
    message,
    asked: joinMembers(asked),
    requestState,
  });
  return seal.sealBytes(json.bytes, USE);
}

const USE = 'task';

/** Reads an image; undefined for what was not sealed here, for this task. */
export function openImage(seal: Seal, id: string, sealed: Buffer): TaskImage | undefined {
  const bytes = seal.openBytes(sealed, USE);
  if (bytes === undefined) return undefined;
  const json = JsonText.parse(bytes);
  const message = json.get('message');
  if (json.get('id')?.string() !== id || message === undefined) return undefined;
  return {
    message,
    context: json.get('context')?.string() ?? '',
    retentionMs: json.get('retentionMs')?.number() ?? 0,
    round: json.get('round')?.number() ?? 0,
    asked: new Map(json.get('asked')?.members()),
    requestState: json.get('requestState'),
    upstreamTask: upstreamTaskIn(json.get('upstreamTask')),
    resumable: json.get('resumable')?.string(),
    failures: json.get('failures')?.number() ?? 0,
    history: (json.get('history')?.items() ?? []).flatMap(attemptIn),
    note: json.get('note')?.string(),
  };
}

function upstreamTaskIn(json: JsonText | undefined): UpstreamTask | undefined {
  const id = json?.get('id')?.string();
  return id === undefined ? undefined : { id, pollIntervalMs: json?.get('pollIntervalMs')?.number() };
}

function attemptIn(json: JsonText): TaskAttempt[] {
  const startedAt = json.get('startedAt')?.string();
  const replica = json.get('replica')?.string();
  if (startedAt === undefined || replica === undefined) return [];
  return [{ startedAt, replica, endedAt: json.get('endedAt')?.string(), end: json.get('end')?.string() }];
}
