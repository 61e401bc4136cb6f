/** A way to a legacy client for what a call sends before its response. */
export interface Outlet {
  /** False where nothing reaches the client this way: it takes no stream, or has none open. */
  readonly open: boolean;
  /** Name of the stream that keeps what is sent; undefined where nothing is kept. */
  readonly stream: string | undefined;
  /** Sends one message. A promise asks to wait before the next one. */
  send(message: Buffer): Promise<void> | undefined;
  /** Sends the question of this name, which never leaves before another replica could take its answer. */
  ask(message: Buffer, name: string): Promise<void> | undefined;
}
