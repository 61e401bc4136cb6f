import type { Call, Outcome } from '../../call.ts';
import { digestJson } from '../../lib/digest-json.ts';
import { JsonText } from '../../lib/json-text.ts';
import type { Seal } from '../../lib/seal.ts';
import { isEndless } from '../deadline.ts';
import { isRetry } from '../is-repeatable.ts';
import type { Held, Owners } from '../remote/owners.ts';
import { type AdoptedSession, readAdoptedSession, writeAdoptedSession } from './adopted-session.ts';
import type { LegacyBucket } from './legacy-bucket.ts';
import type { LegacyConnection } from './legacy-connection.ts';

/** What owned sessions work with. */
export interface OwnedSessionsParts {
  /** Name of the upstream in the configuration. */
  readonly upstream: string;
  readonly owners: Owners;
  readonly seal: Seal;
  /** Whether it is safe to make a call again that may have run. */
  readonly repeatable: (call: Call) => boolean;
}

const USE = 'owner-note';

/** The sessions of a legacy server of which there is one in the fleet: their calls go to the replica that owns them. */
export class OwnedSessions {
  readonly #parts: OwnedSessionsParts;
  readonly #open = new Map<LegacyConnection, LegacyBucket>();
  #stopped = false;

  constructor(parts: OwnedSessionsParts) {
    this.#parts = parts;
  }

  /** Hands a call of an owned bucket to the owner of its session; undefined where that is this replica. */
  callElsewhere(call: Call, bucket: LegacyBucket): Promise<Outcome | undefined> {
    const { upstream, owners, repeatable } = this.#parts;
    // A retry of a parked call finds that call, wherever it is.
    const mayRepeat = !isEndless(call.method) && (isRetry(call) || repeatable(call));
    const remote = { upstream, call, context: bucket.context };
    return owners.callElsewhere(this.#thingOf(bucket), remote, mayRepeat);
  }

  /** Opens a session, or goes on with the one that the owner before left. */
  async open(
    bucket: LegacyBucket,
    connect: (adopted: AdoptedSession | undefined) => Promise<LegacyConnection>,
  ): Promise<LegacyConnection> {
    if (!bucket.isOwned) return connect(undefined);
    const thing = this.#thingOf(bucket);
    const held = await this.#parts.owners.hold(thing);
    try {
      const connection = await connect(this.#readNote(thing, held.takeNote()));
      this.#watch(connection, bucket, { thing, held });
      return connection;
    } catch (thrown) {
      held.release();
      throw thrown;
    }
  }

  /** This replica ends: sessions that go on without it are left to the others. */
  stop(): void {
    this.#stopped = true;
    for (const [connection, bucket] of this.#open) if (outlives(bucket)) connection.leave();
    this.#parts.owners.close();
  }

  #watch(
    connection: LegacyConnection,
    bucket: LegacyBucket,
    { thing, held }: { readonly thing: string; readonly held: Held },
  ): void {
    this.#open.set(connection, bucket);
    held.onLost(() => {
      connection.leave();
      void connection.close();
    });
    const onClosed = (): void => {
      this.#open.delete(connection);
      held.release(this.#stopped && outlives(bucket) ? 'keep' : undefined);
    };
    if (connection.closed.aborted) onClosed();
    else connection.closed.addEventListener('abort', onClosed, { once: true });
    const session = connection.snapshot();
    if (session !== undefined) void held.leaveNote(this.#writeNote(thing, session));
  }

  /** A session's id is a secret, so the note is sealed; and bound to what it is the note of. */
  #writeNote(thing: string, session: AdoptedSession): Buffer {
    const note = JsonText.of({ thing }).with({ session: writeAdoptedSession(session) });
    return Buffer.from(this.#parts.seal.seal(note.bytes, USE), 'latin1');
  }

  #readNote(thing: string, note: Buffer | undefined): AdoptedSession | undefined {
    const plain = note === undefined ? undefined : this.#parts.seal.open(note.toString('latin1'), USE);
    const json = plain === undefined ? undefined : JsonText.parse(plain);
    return json?.get('thing')?.string() === thing ? readAdoptedSession(json.get('session')) : undefined;
  }

  #thingOf({ key }: LegacyBucket): string {
    return digestJson([this.#parts.upstream, key]);
  }
}

function outlives({ session }: LegacyBucket): boolean {
  return session !== undefined && !session.ended.aborted;
}
