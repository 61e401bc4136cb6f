/** What each client script is asked to do: list the tools of the server at `url`, and call one of them. */
export interface Task {
  readonly url: string;
  readonly tool: string;
  readonly args: Record<string, unknown>;
}

/** What each client script prints, as one line of JSON. */
export interface Answer {
  readonly tools: readonly string[];
  /** The result of the call as the library gives it. */
  readonly result: unknown;
  /** The questions of the server that the client answered. */
  readonly asked?: readonly string[];
}

/** Runs one client: `node SCRIPT '{"url":…,"tool":…,"args":{…}}'`. */
export async function runClient(run: (task: Task) => Promise<Answer>): Promise<void> {
  const task: Task = JSON.parse(process.argv[2] ?? '');
  console.log(JSON.stringify(await run(task)));
}
