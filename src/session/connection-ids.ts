import type { Seal } from '../lib/seal.ts';

/** A stream of HTTP+SSE, as the URI for its messages names it to whichever replica gets them. */
export interface ConnectionRef {
  /** The replica that holds it. */
  readonly holder: string;
  /** Unique at that replica. */
  readonly connection: string;
}

/** Makes and opens the ids of HTTP+SSE streams. */
export interface ConnectionIds {
  write(ref: ConnectionRef): string;
  /** Undefined for whatever was not made here. */
  read(id: string): ConnectionRef | undefined;
}

const USE = 'sse-connection';
const MAX_ID_LENGTH = 300;

/** Ids that only this gateway can make or read. */
export function createConnectionIds(seal: Seal): ConnectionIds {
  return {
    write: ({ holder, connection }) => seal.seal(Buffer.from(`${holder}/${connection}`), USE),
    read(id) {
      const plain = id.length > MAX_ID_LENGTH ? undefined : seal.open(id, USE);
      const [holder, connection] = plain?.toString('utf8').split('/') ?? [];
      return holder === undefined || connection === undefined ? undefined : { holder, connection };
    },
  };
}
