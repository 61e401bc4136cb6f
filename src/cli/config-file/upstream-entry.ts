/** An upstream as it is written into the configuration file. `${NAME}` and `${file:PATH}` in its texts are references. */
export type UpstreamEntry = HttpEntry | StdioEntry;

/** An upstream that is reached by HTTP. */
export interface HttpEntry {
  readonly url: string;
  readonly transport?: 'http' | 'sse';
  readonly headers?: Readonly<Record<string, string>>;
}

/** An upstream that is a command. */
export interface StdioEntry {
  readonly command: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The entry without what is empty, with its keys in the order in which people read them. */
export function tidyEntry(entry: UpstreamEntry): UpstreamEntry {
  const filled = Object.entries(entry).filter(([, value]) => {
    if (value === undefined) return false;
    return typeof value !== 'object' || Object.keys(value).length > 0;
  });
  const tidy = Object.fromEntries(filled);
  return 'command' in entry ? { ...tidy, command: entry.command } : { ...tidy, url: entry.url };
}
