/** A way to a legacy client for what a call sends before its response. */
export interface Outlet {
  /** False where nothing reaches the client this way: it takes no stream, or has none open. */
  readonly open: boolean;
  /** Sends one message. A promise asks to wait before the next one. */
  send(message: Buffer): Promise<void> | undefined;
}
