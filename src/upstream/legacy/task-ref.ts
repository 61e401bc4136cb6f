import { digestJson } from '../../lib/digest-json.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Seal } from '../../lib/seal.ts';
import { type AdoptedSession, readAdoptedSession, writeAdoptedSession } from './adopted-session.ts';

/** A task of a legacy server, and where it is: such servers know it in the session that made it only. */
export interface TaskRef {
  /** Names it among all tasks of all sessions. */
  readonly key: string;
  /** The server's own id. */
  readonly taskId: string;
  /** The replica that made the call; empty where there is one. */
  readonly holder: string;
  /** What the caller can be asked. */
  readonly capabilities: JsonText;
  /** With what another replica can go on; undefined where none can. */
  readonly session: AdoptedSession | undefined;
}

/** Whose task it is: an id is refused for any other upstream or context. */
export interface TaskOwner {
  readonly upstream: string;
  readonly context: string;
}

const USE = 'legacy-task';

/** Writes the id by which the inside knows the task. Sealed, since the id of a session is a secret. */
export function sealTask(seal: Seal, owner: TaskOwner, ref: TaskRef): string {
  const { key, taskId, holder, capabilities, session } = ref;
  const plain = JsonText.of({ binding: bindingOf(owner), key, taskId, holder }).with({
    capabilities,
    session:
      session && writeAdoptedSession({ ...session, server: { ...session.server, ...NO_INSTRUCTIONS } }),
  });
  return seal.seal(plain.bytes, USE);
}

/** Reads such an id; undefined if it is not ours, or not of this upstream and context. */
export function openTask(seal: Seal, owner: TaskOwner, text: string): TaskRef | undefined {
  const plain = seal.open(text, USE);
  const json = plain === undefined ? undefined : JsonText.parse(plain);
  const [key, taskId] = [json?.get('key')?.string(), json?.get('taskId')?.string()];
  const [holder, capabilities] = [json?.get('holder')?.string(), json?.get('capabilities')];
  if (json?.get('binding')?.string() !== bindingOf(owner)) return undefined;
  if (key === undefined || taskId === undefined || holder === undefined || capabilities === undefined)
    return undefined;
  return { key, taskId, holder, capabilities, session: readAdoptedSession(json.get('session')) };
}

/** They are long, and nobody asks for them here. */
const NO_INSTRUCTIONS = { instructions: undefined };

function bindingOf({ upstream, context }: TaskOwner): string {
  return digestJson([upstream, context]);
}
