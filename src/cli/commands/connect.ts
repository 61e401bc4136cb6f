import { once } from 'node:events';
import { resolve } from 'node:path';
import { chooseProxy } from '../../config/choose-proxy.ts';
import { readEnvironment } from '../../config/env.ts';
import { createStdioDoor } from '../../doors/stdio/stdio.ts';
import type { WriteMessage } from '../../doors/stdio/stdio-relay.ts';
import { GatewardError } from '../../errors.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { createUpstreamDispatcher } from '../../upstream/http/dispatcher.ts';
import { createEndpoint } from '../../upstream/http/http-endpoint.ts';
import { writeLine } from '../../wire/lines.ts';
import { readHeaderOptions } from '../header-options.ts';
import { createRelayTarget } from '../relay-target.ts';
import type { Terminal } from '../terminal.ts';

/** What `gateward connect` is given. */
export interface ConnectOptions {
  readonly url: string;
  /** `NAME: VALUE` each; `${VARIABLE}` stands for what the environment holds. */
  readonly headers: readonly string[];
  /** PEM file of the authorities that may sign for the server. */
  readonly ca: string | undefined;
  readonly isVerbose: boolean;
  /** Must not write to standard output, which belongs to the protocol. */
  readonly terminal: Terminal;
}

const MAX_MESSAGE_BYTES = 67_108_864;
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 64;
const STAY_MS = 60_000;

/**
 * An MCP server on standard input and output that relays to one over HTTP, until standard input ends or a signal
 * comes. Standard output carries nothing but MCP messages. Gives the exit code.
 */
export async function connect(options: ConnectOptions): Promise<number> {
  const { variables, proxy, key } = readEnvironment();
  const url = endpointUrl(options.url);
  const way = chooseProxy(url.href, proxy);
  if (way.kind === 'fault') throw new GatewardError('CONFIG_INVALID', { detail: way.message });
  const dispatcher = await createUpstreamDispatcher({
    url,
    tls: options.ca === undefined ? undefined : { ca: resolve(options.ca) },
    proxy: way.kind === 'proxy' ? way.url : null,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    maxConnections: MAX_CONNECTIONS,
  });
  const endpoint = createEndpoint({
    url,
    dispatcher,
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...readHeaderOptions(options.headers, variables),
    },
    maxResponseBytes: MAX_MESSAGE_BYTES,
  });
  const { terminal } = options;
  const tell = (text: string): void => {
    terminal.say(`gateward connect: ${text}`);
    terminal.emit({ message: text });
  };
  const shared = { clock: systemClock, random: Math.random };
  const target = createRelayTarget({ endpoint, ...shared, log: logTo(tell, options.isVerbose) });
  const door = createStdioDoor({
    target,
    write: writeTo(process.stdout),
    ...shared,
    tell,
    maxLineBytes: MAX_MESSAGE_BYTES,
  });
  // Once standard input has ended, pauses alone would not keep the process.
  const alive = setInterval(() => undefined, STAY_MS);
  const isCalm = await pump(door.take.bind(door));
  await (isCalm ? door.end() : door.close());
  await dispatcher.close();
  clearInterval(alive);
  return 0;
}

/** The URL of a gateway as a whole means the server of everything there. */
function endpointUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const detail = `${text} is no URL that begins with http:// or https://.`;
    throw new GatewardError('CONFIG_INVALID', { detail });
  }
  if (url.username !== '' || url.password !== '') {
    const detail = 'Put credentials into --header, not into the URL.';
    throw new GatewardError('CONFIG_INVALID', { detail });
  }
  if (url.pathname === '/') url.pathname = '/mcp';
  return url;
}

/** Feeds standard input until it ends (true) or a signal or a closed standard output stops it (false). */
function pump(take: (chunk: Buffer) => void): Promise<boolean> {
  const { promise, resolve: finish } = Promise.withResolvers<boolean>();
  const stop = (): void => finish(false);
  process.stdin.on('data', take);
  process.stdin.once('end', () => finish(true));
  process.stdin.once('error', stop);
  process.stdout.once('error', stop);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return promise.finally(() => {
    process.stdin.off('data', take);
    process.stdin.destroy();
  });
}

/** Lines leave whole and in order; a slow reader makes senders wait. */
function writeTo(stream: NodeJS.WriteStream): WriteMessage {
  let drained: Promise<void> | undefined;
  return (message) => {
    if (stream.destroyed || stream.write(writeLine(message))) return undefined;
    drained ??= once(stream, 'drain')
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        drained = undefined;
      });
    return drained;
  };
}

function logTo(tell: (text: string) => void, isVerbose: boolean): Log {
  const say = (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    tell(`${message}${Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`}`);
  };
  const quiet = (): void => undefined;
  return { debug: isVerbose ? say : quiet, info: isVerbose ? say : quiet, warn: say, error: say };
}
