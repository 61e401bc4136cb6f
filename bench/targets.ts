import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findFreePort } from '../test/support/free-port.ts';
import { type Child, hasProgram, startChild, startServer } from './children.ts';
import { exchange } from './exchange.ts';
import { buildRequest } from './requests.ts';

/** What stands between load and upstream, or the upstream itself. */
export type TargetName = 'direct' | 'nginx' | 'bare' | 'gateway';

/** A running process that takes the load. */
export interface Running {
  readonly name: TargetName;
  readonly port: number;
  readonly pid: number;
  /** Where its configuration is, if it has one. */
  readonly configFile?: string;
  stop(): Promise<void>;
}

/** Whether nginx is installed; without it the benchmark says so and goes on. */
export const hasNginx = hasProgram('nginx');

const root = join(import.meta.dirname, '..');

/** The command of the gateway: the build, as users run it. */
export const gatewayScript = join(root, 'dist', 'cli', 'main.js');

function asTarget(name: TargetName, child: Child, port: number): Running {
  return { name, port, pid: child.pid, stop: () => child.stop() };
}

/** Starts the upstream on the load's core. As a target it is the reference `direct`. */
export async function startUpstream(folder: string): Promise<Running> {
  const command = [process.execPath, join(import.meta.dirname, 'upstream.ts')];
  const child = await startServer(command, 'load', join(folder, 'upstream.log'));
  return asTarget('direct', child, child.port);
}

/** Starts the bare pass-through. `nodeArgs` go to Node.js. */
export async function startBare(
  folder: string,
  upstream: Running,
  nodeArgs: readonly string[] = [],
): Promise<Running> {
  const script = join(import.meta.dirname, 'bare.ts');
  const command = [process.execPath, ...nodeArgs, script, '--upstream', `http://127.0.0.1:${upstream.port}`];
  const child = await startServer(command, 'proxy', join(folder, 'bare.log'));
  return asTarget('bare', child, child.port);
}

/** Asks `path` until it answers 200, for `limitMs`; throws TypeError with the end of the log if it never does. */
async function awaitAnswer(
  port: number,
  path: string,
  options: { limitMs: number; logFile: string; child: Child },
): Promise<void> {
  const untilMs = performance.now() + options.limitMs;
  while (performance.now() < untilMs && options.child.process.exitCode === null) {
    const answer = await exchange(port, buildRequest({ path, port }, 'GET', { headers: {} })).catch(
      () => undefined,
    );
    if (answer?.status === 200) return;
    await wait(50);
  }
  throw new TypeError(`nothing answered on ${path}: ${readFileSync(options.logFile, 'utf8').slice(-1500)}`);
}

function nginxConfig(folder: string, port: number, upstream: Running): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/nginx-${name};`,
  );
  return `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
worker_rlimit_nofile 20000;
events { worker_connections 16000; multi_accept on; }
http {
  access_log off; ${temp.join(' ')}
  tcp_nodelay on; keepalive_timeout 600s; keepalive_requests 1000000000; client_body_buffer_size 64k;
  upstream mcp { server 127.0.0.1:${upstream.port}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 600s; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /healthz { return 200; }
    location / { proxy_pass http://mcp; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 3600s; }
  }
}
`;
}

/** Starts nginx with `proxy_pass` and kept connections, as one process. */
export async function startNginx(folder: string, upstream: Running): Promise<Running> {
  const port = await findFreePort();
  const file = join(folder, 'nginx.conf');
  const logFile = join(folder, 'nginx.log');
  writeFileSync(file, nginxConfig(folder, port, upstream));
  const child = startChild(['nginx', '-p', folder, '-e', logFile, '-c', file], 'proxy', logFile);
  await awaitAnswer(port, '/healthz', { limitMs: 5000, logFile, child });
  return asTarget('nginx', child, port);
}

/** What the gateway is to stand in front of. */
export interface GatewayOptions {
  /** Names of upstreams; each is reached at `/servers/NAME/mcp` of the benchmark's upstream. */
  readonly names: readonly string[];
  /** Sockets that may be open to each upstream; absent: the gateway's default. */
  readonly maxConnections?: number;
  readonly nodeArgs?: readonly string[];
  /** Further upstreams, as lines of the configuration. */
  readonly entries?: readonly string[];
  /** In place of the embedded store. */
  readonly store?: string;
  /** Further lines of the configuration. */
  readonly config?: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

function gatewayConfig(
  data: string,
  port: number,
  options: GatewayOptions & { entries: readonly string[] },
): string {
  const { entries, store, config = '' } = options;
  const more = `${store === undefined ? '' : `store: ${JSON.stringify(store)}\n`}${config}`;
  return `listen: { host: 127.0.0.1, port: ${port} }\ndataDir: ${data}\n${more}upstreams:\n${entries.map((entry) => `  ${entry}\n`).join('')}`;
}

/** Starts the built gateway with a configuration and a data folder of its own; all else is as by default. */
export async function startGateway(
  folder: string,
  upstream: Running,
  options: GatewayOptions,
): Promise<Running> {
  if (!existsSync(gatewayScript))
    throw new TypeError('the gateway is not built: run `npm run build` first, or use --target bare');
  const port = await findFreePort();
  const data = mkdtempSync(join(folder, 'gateway-'));
  const more = options.maxConnections === undefined ? '' : `, maxConnections: ${options.maxConnections}`;
  const named = options.names.map(
    (name) => `${name}: { url: "http://127.0.0.1:${upstream.port}/servers/${name}/mcp"${more} }`,
  );
  const entries = [...named, ...(options.entries ?? [])];
  const file = join(data, 'gateward.yaml');
  const logFile = join(data, 'gateway.log');
  writeFileSync(file, gatewayConfig(data, port, { ...options, entries }));
  const command = [process.execPath, ...(options.nodeArgs ?? []), gatewayScript, 'serve', '--config', file];
  const child = startChild(command, 'proxy', logFile, options.env);
  // Nobody reads what the gateway prints; left unread, the pipe would fill and hold it up.
  child.process.stdout?.resume();
  await awaitAnswer(port, '/healthz', { limitMs: 30_000, logFile, child });
  return { ...asTarget('gateway', child, port), configFile: file };
}
