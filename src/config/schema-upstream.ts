/** The part of the configuration schema that describes upstreams. */
import { z } from 'zod';
import {
  environmentField,
  globsField,
  headersField,
  httpUrlField,
  milliseconds,
  pathField,
  textField,
  wholeNumber,
} from './schema-fields.ts';
import { sandboxSchema, upstreamGuardSchema, upstreamPinsSchema } from './schema-guard.ts';
import { upstreamTasksSchema } from './schema-tasks.ts';

const CONNECT_TIMEOUT =
  'Milliseconds until the upstream must be connected and, if it is a command, have answered first. Launchers, which may have to fetch what they run (`npx`, `npm`, `pnpm`, `yarn`, `bun`, `bunx`, `uv`, `uvx`, `pipx`, `docker`, `podman`), have `60000` where nothing is said.';

/** What upstreams of both kinds have. */
const common = {
  era: z
    .enum(['auto', 'modern', 'legacy'])
    .default('auto')
    .describe(
      'The protocol that the upstream speaks. `modern` is revision 2026-07-28 and later, `legacy` is 2025-11-25 and earlier, `auto` finds out.',
    ),
  timeoutMs: milliseconds()
    .default(60_000)
    .describe('Milliseconds that a call may take without any sign of progress.'),
  maxTimeoutMs: milliseconds()
    .default(600_000)
    .describe('Milliseconds that a call may take in all, however often progress extends it.'),
  connectTimeoutMs: milliseconds().default(10_000).describe(CONNECT_TIMEOUT),
  inputTimeoutMs: milliseconds()
    .default(600_000)
    .describe(
      "Milliseconds that a call waits for the client's answer when the upstream asks back (elicitation, sampling, roots).",
    ),
  maxResponseBytes: wholeNumber(1024, 1_073_741_824)
    .default(16_777_216)
    .describe('Bytes that one message of the upstream may have.'),
  trusted: z
    .boolean()
    .default(false)
    .describe(
      "Whether the upstream's `cacheScope: public` is believed, so that one caller's result may answer another caller.",
    ),
  repeatable: z
    .union([z.boolean(), globsField])
    .default(false)
    .describe(
      'Which tools are safe to run twice with the same arguments: `true` for all, or a list of names, where `*` stands for any characters. When a replica or a connection dies with a call under way, such a call is sent again; any other ends with an error that says that it may have run.',
    ),
  tasks: upstreamTasksSchema.prefault({}).describe('Which calls become tasks, and what becomes of these.'),
  pins: upstreamPinsSchema.prefault({}).describe('Where this upstream differs from `pins` of the file.'),
  guard: upstreamGuardSchema.prefault({}).describe('Where this upstream differs from `guard` of the file.'),
};

/** An upstream that is reached by HTTP. */
export const httpUpstreamSchema = z.strictObject({
  url: httpUrlField
    .refine((text) => !hasCredentials(text), {
      message: 'must not hold a user name or password; put them in headers, as Authorization',
    })
    .describe("The URL of the upstream's MCP endpoint (for `transport: sse`, of its event stream)."),
  transport: z
    .enum(['auto', 'http', 'sse'])
    .default('auto')
    .describe('`http` is Streamable HTTP, `sse` is HTTP+SSE of 2024-11-05, `auto` tries them in this order.'),
  headers: headersField
    .default({})
    .describe(
      'Headers that are sent to the upstream. Their values are secret: they never reach a log or a client.',
    ),
  tls: z
    .strictObject({
      ca: pathField.optional().describe('PEM file of the authorities that may sign for this upstream.'),
      cert: pathField.optional().describe('PEM file of the client certificate. Needs `key`.'),
      key: pathField.optional().describe('PEM file of the key of the client certificate. Needs `cert`.'),
    })
    .refine(
      (tls) => (tls.cert === undefined) === (tls.key === undefined),
      'needs both cert and key, or neither',
    )
    .optional()
    .describe('Certificates for the connection to the upstream.'),
  proxy: z
    .union([z.literal('none'), httpUrlField])
    .optional()
    .describe(
      'The HTTP proxy on the way to the upstream, or `none`. Without it HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY decide; they never apply to loopback addresses.',
    ),
  maxConnections: wholeNumber(1, 65_535)
    .default(64)
    .describe("Sockets that may be open to the upstream's origin at a time."),
  ...common,
});

/** An upstream that is a command which the gateway starts. */
export const stdioUpstreamSchema = z.strictObject({
  command: textField(4096).describe(
    'The program that is started, without a shell. One that begins with `./` or `../` starts from the folder of this file.',
  ),
  args: z.array(z.string().max(131_072)).max(1024).default([]).describe('The arguments of the program.'),
  env: environmentField
    .default({})
    .describe('Environment variables that the program gets beside the few that every program gets.'),
  cwd: pathField
    .optional()
    .describe('The folder that the program runs in. Without it, an empty one of its own below `dataDir`.'),
  sandbox: sandboxSchema
    .optional()
    .describe('Shuts the process into a sandbox of the system. Without it there is none.'),
  process: z
    .enum(['shared', 'principal', 'session'])
    .optional()
    .describe(
      '`shared` is one process for everybody; a legacy server in it is told of no client capabilities, so it cannot ask back (elicitation, sampling, roots). With `principal` no two callers share a process, with `session` no two client sessions do, and both can. Without it: `principal` with `auth.keys`, else `shared`.',
    ),
  stateless: z
    .boolean()
    .default(false)
    .describe(
      'Whether the program remembers nothing from one call to the next, so that every replica may run a process of its own. Otherwise one replica runs it, and calls from the others are passed on to that one.',
    ),
  maxProcesses: wholeNumber(1, 10_000)
    .default(64)
    .describe('Processes that may run at a time with `process: principal` or `session`.'),
  ...common,
  connectTimeoutMs: milliseconds().optional().describe(CONNECT_TIMEOUT),
});

/** One upstream: `url` makes it HTTP, `command` makes it a process. */
export const upstreamSchema = z.union([httpUpstreamSchema, stdioUpstreamSchema]);

function hasCredentials(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.username !== '' || url.password !== '';
}
