import { dirname, join, resolve } from 'node:path';
import { bareHost, isLoopbackHost } from './address.ts';
import { chooseProxy } from './choose-proxy.ts';
import { type KeyPath, valueAt } from './key-path.ts';
import { MERGED_SERVER } from './schema-fields.ts';
import { isPostgresUrl, sqlitePath } from './schema-store.ts';
import { hasReference } from './substitute.ts';
import type {
  Config,
  ConfigFile,
  DeepReadonly,
  HttpUpstreamConfig,
  ListenConfig,
  PinsConfig,
  ProxyVariables,
  ServerConfig,
  SourceConfig,
  StdioUpstreamConfig,
  StoreConfig,
  UpstreamConfig,
  UpstreamGuardConfig,
} from './types.ts';

/** What is needed to resolve a file beside its value. */
export interface ResolveOptions {
  /** Absolute path of the configuration file. */
  readonly file: string;
  readonly proxy: ProxyVariables;
  /** The plain value of the file before anything was substituted in it. */
  readonly written: unknown;
  /** Callers prove who they are. */
  readonly keysAsked: boolean;
  /** The keys of a map of the file in the order of its text. */
  readonly keysOf: (path: readonly string[], map: object) => readonly string[];
}

type FileUpstream = ConfigFile['upstreams'][string];
type FileServer = ConfigFile['servers'][string];

/** Default of `listen.perAddress.requestsPerSecond` where addresses tell callers apart. */
const REQUESTS_PER_SECOND = 1000;

/** Makes the configuration of a file that passed all checks: paths absolute, servers listed, proxies chosen. Pure. */
export function resolveConfig(input: ConfigFile, options: ResolveOptions): Config {
  const folder = dirname(options.file);
  const names = options.keysOf(['upstreams'], input.upstreams);
  const upstreams = names.flatMap((name) => {
    const upstream = input.upstreams[name];
    if (upstream === undefined) return [];
    return [resolveUpstream(name, upstream, { ...options, folder, whole: input })];
  });
  const dataDir = resolve(folder, input.dataDir);
  const config: Config = {
    file: options.file,
    listen: resolveListen(input.listen, folder),
    publicUrl: input.publicUrl === undefined ? undefined : new URL(input.publicUrl).href.replace(/\/+$/, ''),
    dataDir,
    store: resolveStore(input.store, { folder, dataDir }),
    bus: input.bus,
    auth: input.auth,
    log: input.log,
    limits: input.limits,
    stop: input.stop,
    tasks: input.tasks,
    launch: {
      ...input.launch,
      folders: input.launch.folders.map((path) => resolve(folder, path)),
      programs: input.launch.programs.map((program) => resolveProgram(program, folder)),
    },
    guard: input.guard,
    upstreams,
    servers: resolveServers(input, names, options),
  };
  freezeDeep(config);
  return config;
}

/** The file in a folder that is given for an SQLite store. */
const STORE_FILE = 'gateward.db';

function resolveStore(
  text: string | undefined,
  { folder, dataDir }: { readonly folder: string; readonly dataDir: string },
): StoreConfig {
  if (text !== undefined && isPostgresUrl(text)) return { kind: 'postgres', url: text };
  const path = resolve(folder, sqlitePath(text ?? '') ?? dataDir);
  return { kind: 'sqlite', file: path.endsWith('.db') ? path : join(path, STORE_FILE) };
}

function resolveListen(listen: ConfigFile['listen'], folder: string): ListenConfig {
  const toldApart = !isLoopbackHost(listen.host) || listen.trustedProxies.length > 0;
  const requestsPerSecond = listen.perAddress.requestsPerSecond ?? (toldApart ? REQUESTS_PER_SECOND : 0);
  const host = bareHost(listen.host);
  return {
    ...listen,
    host: host === 'localhost' ? '127.0.0.1' : host,
    tls: listen.tls && { cert: resolve(folder, listen.tls.cert), key: resolve(folder, listen.tls.key) },
    allowedHosts: listen.allowedHosts.map((name) => name.toLowerCase()),
    allowedOrigins: listen.allowedOrigins.map(normalizeOrigin),
    perAddress: { requestsPerSecond, burst: listen.perAddress.burst ?? Math.max(1, requestsPerSecond * 2) },
  };
}

/** As browsers send it (RFC 6454 §6.2): lower case, without the scheme's own port. */
function normalizeOrigin(text: string): string {
  if (!URL.canParse(text)) return text.toLowerCase();
  const { origin } = new URL(text);
  return origin === 'null' ? text.toLowerCase() : origin;
}

interface UpstreamOptions extends ResolveOptions {
  readonly folder: string;
  /** The whole file. */
  readonly whole: ConfigFile;
}

const ANSWER_MS = 10_000;
/** A first start fetches a package or an image. Ended half-way, npx leaves a folder that it can never use again. */
const FETCH_MS = 60_000;
const LAUNCHERS = /(?:^|[\\/])(?:npx|npm|pnpm|yarn|bunx?|uvx?|pipx|docker|podman)(?:\.(?:cmd|exe))?$/i;

/** Milliseconds until a program must have answered first, where the file does not say it. */
function patienceFor(command: string): number {
  return LAUNCHERS.test(command) ? FETCH_MS : ANSWER_MS;
}

function resolveUpstream(name: string, input: FileUpstream, options: UpstreamOptions): UpstreamConfig {
  const from = (path: string): string => resolve(options.folder, path);
  const { pins, guard } = settle(input, options);
  if ('command' in input) {
    const upstream: StdioUpstreamConfig = {
      kind: 'stdio',
      name,
      ...input,
      command: resolveProgram(input.command, options.folder),
      connectTimeoutMs: input.connectTimeoutMs ?? patienceFor(input.command),
      // Callers that prove who they are can each have a process of their own.
      process: input.process ?? (options.keysAsked ? 'principal' : 'shared'),
      ...(input.cwd !== undefined && { cwd: from(input.cwd) }),
      sandbox: input.sandbox && {
        ...input.sandbox,
        write: input.sandbox.write.map(from),
        hide: input.sandbox.hide.map(from),
      },
      references: {
        env: referencesIn(options.written, ['upstreams', name, 'env']),
        args: referencesIn(options.written, ['upstreams', name, 'args']),
      },
      pins,
      guard,
    };
    return upstream;
  }
  const { ca, cert, key } = input.tls ?? {};
  const headers = Object.entries(input.headers).map(([header, value]) => [header.toLowerCase(), value]);
  const upstream: HttpUpstreamConfig = {
    kind: 'http',
    name,
    ...input,
    url: new URL(input.url).href,
    headers: Object.fromEntries(headers),
    pins,
    guard,
    proxy: resolveProxy(input.url, input.proxy, options.proxy),
    tls: input.tls && {
      ...(ca && { ca: from(ca) }),
      ...(cert && key && { cert: from(cert), key: from(key) }),
    },
  };
  return upstream;
}

/** The texts of a map or list of the file into which something is substituted, by key or index. */
function referencesIn(written: unknown, path: KeyPath): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, text] of Object.entries(valueAt(written, path) ?? {})) {
    if (typeof text === 'string' && hasReference(text)) found[key] = text;
  }
  return found;
}

/** A path that begins with `./` or `../` starts from the file; every other text stays as it is. */
function resolveProgram(text: string, folder: string): string {
  return /^\.{1,2}[/\\]/.test(text) ? resolve(folder, text) : text;
}

/** What holds for an upstream: the file's word, and its own where it has one. */
function settle(
  upstream: FileUpstream,
  { whole, keysAsked }: UpstreamOptions,
): Pick<UpstreamConfig, 'pins' | 'guard'> {
  const mode = whole.pins.mode ?? (keysAsked ? 'enforce' : 'warn');
  return {
    pins: override<PinsConfig>({ ...whole.pins, mode }, upstream.pins),
    guard: override<UpstreamGuardConfig>({ ...whole.guard, sinks: [] }, upstream.guard),
  };
}

/** The whole with those members of a part in place of its own that are there. */
function override<T extends object>(whole: T, part: { readonly [K in keyof T]?: T[K] | undefined }): T {
  const result = { ...whole };
  for (const key in part) {
    const value = part[key];
    if (value !== undefined) result[key] = value;
  }
  return result;
}

function resolveProxy(url: string, proxy: string | undefined, variables: ProxyVariables): string | null {
  if (proxy !== undefined) return proxy === 'none' ? null : proxy;
  const choice = chooseProxy(url, variables);
  return choice.kind === 'proxy' ? choice.url : null;
}

function resolveServers(
  input: ConfigFile,
  upstreams: readonly string[],
  { keysOf }: ResolveOptions,
): readonly ServerConfig[] {
  const configured = keysOf(['servers'], input.servers);
  const names = new Set([MERGED_SERVER, ...upstreams, ...configured]);
  return [...names].map((name) => {
    const server = input.servers[name];
    const from = server?.from;
    const implied = name === MERGED_SERVER ? upstreams : [name];
    const chosen = from === undefined ? implied : keysOf(['servers', name, 'from'], from);
    return resolveServer(
      name,
      server,
      chosen.map((upstream) => ({ upstream, ...from?.[upstream] })),
    );
  });
}

function resolveServer(
  name: string,
  server: FileServer | undefined,
  sources: readonly SourceConfig[],
): ServerConfig {
  const { public: isPublic = false, title, instructions, card } = server ?? {};
  return {
    name,
    path: name === MERGED_SERVER ? '/mcp' : `/servers/${name}/mcp`,
    sources,
    single: name !== MERGED_SERVER && sources.length === 1,
    public: isPublic,
    ...(title !== undefined && { title }),
    ...(instructions !== undefined && { instructions }),
    ...(card !== undefined && { card }),
  };
}

function freezeDeep<T>(value: T): DeepReadonly<T> | T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) freezeDeep(member);
  }
  return value;
}
