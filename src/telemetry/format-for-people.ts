/** How a line is written for people. */
export interface PeopleOptions {
  readonly hasColor: boolean;
}

const COLORS: Readonly<Record<string, string>> = {
  trace: '90',
  debug: '90',
  info: '32',
  warn: '33',
  error: '31',
  fatal: '31',
};
/** Control characters that could move the cursor or hide text of a terminal. */
const CONTROL = /[^\P{Cc}\n\t]/gu;

/** One line of a JSON log as people read it: time, level, message, then the fields. What is no such line stays. */
export function formatForPeople(line: string, { hasColor }: PeopleOptions): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const { time, level, msg, ...fields } = entry;
  const paint = (code: string | undefined, text: string): string =>
    hasColor && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text;
  const word = safe(String(level ?? '')).toUpperCase();
  const clock = /T(\d\d:\d\d:\d\d)/.exec(String(time))?.[1] ?? '';
  const parts = [
    paint('90', clock),
    paint(COLORS[String(level)], word.padEnd(5)),
    safe(String(msg ?? '')),
    ...Object.entries(fields).map(([name, value]) => `${paint('90', `${safe(name)}=`)}${formatValue(value)}`),
  ];
  return `${parts.join(' ').trimEnd()}\n`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function formatValue(value: unknown): string {
  if (isError(value)) return formatError(value);
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return safe(value);
  return safe(JSON.stringify(value) ?? '');
}

interface ErrorFields {
  readonly message: string;
  readonly code?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
}

function isError(value: unknown): value is ErrorFields {
  return (
    typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'
  );
}

function formatError({ message, code, stack, cause }: ErrorFields): string {
  const head = code === undefined ? message : `${message} (${String(code)})`;
  const why = isError(cause) ? ` <- ${formatError(cause)}` : '';
  const where = typeof stack === 'string' ? `\n${stack}` : '';
  return `${safe(head)}${why}${safe(where)}`;
}

function safe(text: string): string {
  return text.replace(CONTROL, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
