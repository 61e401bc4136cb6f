/**
 * The configuration file as a schema: what may stand in it, with bounds, defaults and a description of each key.
 * `docs/configuration.md` and `docs/config.schema.json` are generated from it.
 */
import { z } from 'zod';
import {
  globsField,
  httpUrlField,
  milliseconds,
  nameField,
  pathField,
  textField,
  wholeNumber,
} from './schema-fields.ts';
import { guardSchema, launchSchema, pinsSchema } from './schema-guard.ts';
import { listenSchema } from './schema-listen.ts';
import { authSchema, busField, storeField } from './schema-store.ts';
import { tasksSchema } from './schema-tasks.ts';
import { upstreamSchema } from './schema-upstream.ts';

/** `log`: what the gateway says about itself on standard error. */
export const logSchema = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('The least important messages that are still written.'),
  format: z
    .enum(['auto', 'json', 'pretty'])
    .default('auto')
    .describe('`json` is one object a line, `pretty` is for people, `auto` is pretty on a terminal.'),
});

/** `limits`: bounds of what one process holds. */
export const limitsSchema = z.strictObject({
  maxSessions: wholeNumber(1, 10_000_000)
    .default(100_000)
    .describe('Legacy sessions that may be known at a time.'),
  sessionTtlMs: milliseconds(1000)
    .default(86_400_000)
    .describe('Milliseconds after which a legacy session ends, however busy it is.'),
  maxStreamsPerSession: wholeNumber(1, 1000)
    .default(16)
    .describe('GET streams that one legacy session may hold open.'),
  maxListenStreams: wholeNumber(1, 1_000_000)
    .default(20_000)
    .describe('`subscriptions/listen` streams that may be open at a time.'),
  maxCallsInFlight: wholeNumber(1, 1_000_000)
    .default(10_000)
    .describe('Calls that may be in work at a time.'),
  maxQueuedBytesPerStream: wholeNumber(1024, 1_073_741_824)
    .default(1_048_576)
    .describe(
      'Bytes that may wait for a client which reads slowly. When there are more, its stream is closed.',
    ),
  eventLogBytes: wholeNumber(0, 17_179_869_184)
    .default(67_108_864)
    .describe('Bytes of sent events that are kept, in all, so that legacy streams can be resumed.'),
  eventLogMs: milliseconds(0)
    .default(300_000)
    .describe('Milliseconds that a sent event is kept, so that its stream can be resumed.'),
  cacheBytes: wholeNumber(0, 17_179_869_184)
    .default(67_108_864)
    .describe('Bytes of results that are kept where upstreams allow it. 0 keeps none.'),
});

/** `stop`: how the gateway ends. */
export const stopSchema = z.strictObject({
  delayMs: milliseconds(0)
    .default(0)
    .describe(
      'Milliseconds between the wish to stop and taking no more requests. `/readyz` answers 503 meanwhile, so that load balancers look elsewhere.',
    ),
  graceMs: milliseconds(0)
    .default(10_000)
    .describe('Milliseconds that calls in flight get to finish when the gateway stops.'),
});

const selectionSchema = z.strictObject({
  tools: globsField
    .optional()
    .describe('Names of the tools to take. `*` stands for any characters. Absent: all.'),
  prompts: globsField.optional().describe('Names of the prompts to take, as with `tools`.'),
  resources: globsField.optional().describe('URIs of the resources and templates to take, as with `tools`.'),
});

/** One entry of `servers`: what clients see at one URL. */
export const serverSchema = z.strictObject({
  from: z
    .record(nameField, selectionSchema)
    .optional()
    .describe(
      'The upstreams that the server is made of, in the order of its lists, and what it takes of each. May be absent for `all` and for a server with the name of an upstream.',
    ),
  public: z
    .boolean()
    .default(false)
    .describe(
      'Whether the server is announced: a Server Card and an entry in `/.well-known/ai-catalog.json`.',
    ),
  title: textField(100).optional().describe('The name that people read.'),
  instructions: textField(65_536)
    .optional()
    .describe("What clients are told about the server's use, in place of the instructions of its upstreams."),
  card: z
    .strictObject({
      name: textField(200)
        .min(3)
        .regex(
          /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/,
          'must be a reversed host, a slash and a name: com.example/search',
        )
        .optional()
        .describe(
          'Name in the Server Card. Without it, the reversed host of `publicUrl`, a slash and the server.',
        ),
      version: textField(255).optional().describe('Version in the Server Card.'),
      description: textField(100)
        .optional()
        .describe('Description in the Server Card, at most 100 characters.'),
    })
    .optional()
    .describe("What the server's card says in place of what is found out."),
});

/** The whole file. */
export const configFileSchema = z.strictObject({
  $schema: z
    .string()
    .optional()
    .describe('The JSON Schema of this file, for editors. Not read by the gateway.'),
  listen: listenSchema.prefault({}).describe('Where and to whom the gateway listens.'),
  publicUrl: httpUrlField
    .refine((text) => !URL.canParse(text) || isBareUrl(new URL(text)), {
      message: 'must not hold a user name, a query or a fragment',
    })
    .optional()
    .describe('The URL under which clients reach the gateway, without `/mcp`.'),
  dataDir: pathField
    .default('./data')
    .describe('The folder for what the gateway must remember. It is made when it is missing.'),
  store: storeField,
  bus: busField,
  auth: authSchema.prefault({}).describe('Who may call the gateway.'),
  log: logSchema.prefault({}).describe("The gateway's own log."),
  limits: limitsSchema.prefault({}).describe('Bounds of what one process holds.'),
  stop: stopSchema.prefault({}).describe('How the gateway stops.'),
  tasks: tasksSchema.prefault({}).describe('Bounds of tasks: tool calls with a durable handle.'),
  launch: launchSchema
    .prefault({})
    .describe('Which commands of upstreams may start, and what their processes may use.'),
  pins: pinsSchema.prefault({}).describe('What happens when an upstream offers something new or changed.'),
  guard: guardSchema.prefault({}).describe('What is looked for in definitions and results.'),
  upstreams: z
    .record(nameField, upstreamSchema)
    .default({})
    .describe('The MCP servers behind the gateway, by name. Each is also a server of that name.'),
  servers: z
    .record(nameField, serverSchema)
    .default({})
    .describe(
      'What clients see, by name, at `/servers/NAME/mcp`. The name `all` is the server at `/mcp`; a name of an upstream replaces the server that the upstream makes by itself.',
    ),
});

function isBareUrl(url: URL): boolean {
  return url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}
