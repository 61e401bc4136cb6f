/**
 * What is used of NATS's own client. Its declarations do not compile with `exactOptionalPropertyTypes`, so they are
 * left out by loading it under a name that the compiler does not follow.
 */
export interface NatsClient {
  connect(options: NatsOptions): Promise<NatsConnection>;
}

/** How to connect. */
export interface NatsOptions {
  /** `host:port`. */
  readonly servers: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Present where the connection is to be encrypted. */
  readonly tls?: Readonly<Record<never, never>>;
  readonly name: string;
  readonly noEcho: boolean;
  /** Milliseconds for a connection. */
  readonly timeout: number;
  /** Milliseconds between signs of life. */
  readonly pingInterval: number;
  /** -1 for no end. */
  readonly maxReconnectAttempts: number;
  readonly ignoreAuthErrorAbort: boolean;
  readonly reconnectDelayHandler: () => number;
}

/** A connection, which the client makes again when it is lost. */
export interface NatsConnection {
  publish(subject: string, payload: string): void;
  subscribe(
    subject: string,
    options: { readonly callback: (error: Error | null, message: { string(): string }) => void },
  ): NatsSubscription;
  flush(): Promise<void>;
  close(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string; readonly error?: Error }>;
}

/** What listens on a subject. */
export interface NatsSubscription {
  unsubscribe(): void;
}

const PACKAGE: string = '@nats-io/transport-node';

/** Loads the client, which nothing else does. */
export async function loadNatsClient(): Promise<NatsClient> {
  const loaded: unknown = await import(PACKAGE);
  if (!isClient(loaded)) throw new TypeError(`${PACKAGE} has no function connect`);
  return loaded;
}

function isClient(loaded: unknown): loaded is NatsClient {
  return (
    typeof loaded === 'object' &&
    loaded !== null &&
    'connect' in loaded &&
    typeof loaded.connect === 'function'
  );
}
