/** An error of a connection as far as it may stand in a log: its words and code, without the password. */
export function describeFault(error: unknown, password: string): Error {
  const said = error instanceof Error ? error.message : String(error);
  const all = error instanceof AggregateError ? `${said} ${error.errors.map(String).join('; ')}` : said;
  const described = new Error(password === '' ? all.trim() : all.trim().replaceAll(password, '[hidden]'));
  const code = codeOf(error);
  return code === undefined ? described : Object.assign(described, { code });
}

/** The code of an error: an SQLSTATE, or one of the operating system. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
