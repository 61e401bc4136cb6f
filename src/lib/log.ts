/** Where the gateway says what happens to it. Fields are data of the event; secrets never stand in them. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Particulars of one event, by name. */
export type LogFields = Readonly<Record<string, unknown>>;
