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

/** The values of a map of texts, each changed. */
export function mapValues(
  texts: Readonly<Record<string, string>>,
  change: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]));
}

/** The entry with each of its texts changed, names left as they are. */
export function mapTexts(entry: UpstreamEntry, change: (text: string) => string): UpstreamEntry {
  if ('url' in entry) {
    return { ...entry, url: change(entry.url), headers: mapValues(entry.headers ?? {}, change) };
  }
  const { command, args = [], env = {}, cwd } = entry;
  const changed = { command: change(command), args: args.map(change), env: mapValues(env, change) };
  return cwd === undefined ? changed : { ...changed, cwd: change(cwd) };
}

/** The entry without what is empty, as plain objects, in the order in which people read it. */
export function tidyEntry(entry: UpstreamEntry): UpstreamEntry {
  if ('url' in entry) {
    const { url, transport, headers = {} } = entry;
    return {
      url,
      ...(transport !== undefined && { transport }),
      ...(Object.keys(headers).length > 0 && { headers: { ...headers } }),
    };
  }
  const { command, args = [], env = {}, cwd } = entry;
  return {
    command,
    ...(args.length > 0 && { args: [...args] }),
    ...(Object.keys(env).length > 0 && { env: { ...env } }),
    ...(cwd !== undefined && { cwd }),
  };
}
