import type { ErrorCode } from '../../errors.ts';

/** What is known of an upstream that does not answer. */
export interface Ailing {
  readonly kind: 'http' | 'stdio';
  readonly lastErrorCode: ErrorCode | undefined;
}

const HTTP_CURES: Partial<Record<ErrorCode, string>> = {
  UPSTREAM_REFUSED: 'Give it credentials under headers, such as Authorization with "Bearer" and a token.',
  UPSTREAM_INVALID:
    'Is url the MCP endpoint? It often ends in /mcp, or in /sse for HTTP+SSE (transport: sse).',
  UPSTREAM_TIMEOUT: 'Is it busy or far away? connectTimeoutMs says how long it is waited for.',
  RATE_LIMITED: 'Try again later.',
};
const HTTP_CURE = 'Does it run, and is url right? A proxy on the way may need proxy: none, or NO_PROXY.';

const STDIO_CURES: Partial<Record<ErrorCode, string>> = {
  LAUNCH_NOT_APPROVED:
    'Both show it once gateward serve has met it. A folder or program that you vouch for needs no approval: launch.folders, launch.programs.',
  LAUNCH_REFUSED: 'Nobody can approve it as it is. docs/launch.md says what each rule wants.',
  SANDBOX_UNAVAILABLE:
    'What is wrong with its sandbox stands above. Where none can run, sandbox.ifMissing decides; a profile that is refused must be mended.',
  LAUNCH_FAILED: 'Is the command installed and on the PATH of the gateway? An absolute path always works.',
  UPSTREAM_TIMEOUT:
    'Does it need longer to start, as npx does the first time? connectTimeoutMs says how long. Nothing of your proxies and registries is passed on: name in env what it needs.',
};
const STDIO_CURE =
  'Start the command by hand in an empty folder: it must stay running and write nothing but MCP to standard output. Relative paths start from cwd, else from a private folder.';

/** How to mend an upstream that does not answer. */
export function cureOf({ kind, lastErrorCode }: Ailing): string {
  const [cures, usual] = kind === 'http' ? [HTTP_CURES, HTTP_CURE] : [STDIO_CURES, STDIO_CURE];
  // Without an error it has not answered yet.
  return cures[lastErrorCode ?? 'UPSTREAM_TIMEOUT'] ?? usual;
}
