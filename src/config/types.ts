/** What a configuration is once it is read: every default filled in, every path absolute, deeply frozen. */
import type { z } from 'zod';
import type { configFileSchema, limitsSchema, logSchema, serverSchema, stopSchema } from './schema.ts';
import type {
  guardSchema,
  launchSchema,
  pinsSchema,
  sandboxSchema,
  upstreamGuardSchema,
} from './schema-guard.ts';
import type { listenSchema } from './schema-listen.ts';
import type { authSchema } from './schema-store.ts';
import type { tasksSchema, upstreamTasksSchema } from './schema-tasks.ts';
import type { httpUpstreamSchema, stdioUpstreamSchema } from './schema-upstream.ts';

/** The same type with every member read-only, all the way down. */
export type DeepReadonly<T> = T extends readonly (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** The file as the schema gives it: defaults filled in, nothing resolved. */
export type ConfigFile = z.output<typeof configFileSchema>;

/** `log` */
export type LogConfig = DeepReadonly<z.output<typeof logSchema>>;
/** `limits` */
export type LimitsConfig = DeepReadonly<z.output<typeof limitsSchema>>;
/** `auth` */
export type AuthConfig = DeepReadonly<z.output<typeof authSchema>>;
/** `tasks` */
export type TasksConfig = DeepReadonly<z.output<typeof tasksSchema>>;
/** `upstreams.NAME.tasks` */
export type UpstreamTasksConfig = DeepReadonly<z.output<typeof upstreamTasksSchema>>;
/** `launch`. `folders` are absolute. */
export type LaunchConfig = DeepReadonly<z.output<typeof launchSchema>>;
/** `upstreams.NAME.sandbox`. Paths are absolute. */
export type SandboxConfig = DeepReadonly<z.output<typeof sandboxSchema>>;
/** `pins` as they hold for one upstream, or for all. */
export type PinsConfig = DeepReadonly<
  Required<z.output<typeof pinsSchema>> & { mode: 'off' | 'warn' | 'enforce' }
>;
/** `guard` as it holds for every upstream. */
export type GuardConfig = DeepReadonly<z.output<typeof guardSchema>>;
/** `guard` as it holds for one upstream: the file's, with what the upstream has of its own. */
export type UpstreamGuardConfig = DeepReadonly<
  GuardConfig & { sinks: NonNullable<z.output<typeof upstreamGuardSchema>['sinks']> }
>;
/** `stop` */
export type StopConfig = DeepReadonly<z.output<typeof stopSchema>>;

/** Limit for each client address. `requestsPerSecond: 0` is no limit. */
export interface PerAddressConfig {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

/**
 * `listen`. `host` is never a name: `localhost` is given as 127.0.0.1. `tls` holds absolute paths. `allowedHosts` and
 * the hosts of `allowedOrigins` are in lower case.
 */
export type ListenConfig = DeepReadonly<
  Omit<z.output<typeof listenSchema>, 'perAddress'> & { perAddress: PerAddressConfig }
>;

/**
 * An upstream reached by HTTP. `proxy` is settled: the URL of an HTTP proxy (which may hold credentials), or null for a
 * direct connection. `tls` holds absolute paths. Header names are in lower case.
 */
export type HttpUpstreamConfig = DeepReadonly<
  { kind: 'http'; name: string; proxy: string | null } & Settled &
    Omit<z.output<typeof httpUpstreamSchema>, 'proxy' | keyof Settled>
>;

/** What an upstream has of its own or from the whole file. */
interface Settled {
  pins: PinsConfig;
  guard: UpstreamGuardConfig;
}

type StdioFields = z.output<typeof stdioUpstreamSchema>;

/**
 * An upstream that is a process. `cwd` is absolute; without it the process gets a private folder. `process` and
 * `connectTimeoutMs` are settled.
 * `references` holds, for each variable or argument (by its index) into which something was substituted, the text of
 * the file, such as `${GITHUB_TOKEN}`: what an approval shows and covers in place of the value.
 */
export type StdioUpstreamConfig = DeepReadonly<
  {
    kind: 'stdio';
    name: string;
    cwd?: string | undefined;
    process: NonNullable<StdioFields['process']>;
    connectTimeoutMs: number;
    references: { env: Record<string, string>; args: Record<number, string> };
  } & Settled &
    Omit<StdioFields, 'cwd' | 'process' | 'connectTimeoutMs' | keyof Settled>
>;

/** `store`. `file` is an absolute path; `url` is secret. */
export type StoreConfig =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** One upstream. Tell the kinds apart by `kind`. */
export type UpstreamConfig = HttpUpstreamConfig | StdioUpstreamConfig;

/** What a server takes of one upstream. An absent list takes everything, an empty one nothing. */
export interface SourceConfig {
  readonly upstream: string;
  readonly tools?: readonly string[] | undefined;
  readonly prompts?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
}

/** What a Server Card says in place of what is found out. */
export type CardConfig = DeepReadonly<NonNullable<z.output<typeof serverSchema>['card']>>;

/** One server, as clients see it. */
export interface ServerConfig {
  readonly name: string;
  /** Path of the MCP endpoint: `/mcp` for the server `all`, otherwise `/servers/NAME/mcp`. */
  readonly path: string;
  /** In the order of the server's lists. */
  readonly sources: readonly SourceConfig[];
  /**
   * True if names pass unchanged: the server has exactly one source and is not `all`, whose names keep the form
   * `upstream__tool` so that they stay the same when a second upstream comes.
   */
  readonly single: boolean;
  readonly public: boolean;
  readonly title?: string | undefined;
  readonly instructions?: string | undefined;
  readonly card?: CardConfig | undefined;
}

/** The whole configuration. */
export interface Config {
  /** Absolute path of the configuration file. */
  readonly file: string;
  readonly listen: ListenConfig;
  /** Without a slash at the end. */
  readonly publicUrl: string | undefined;
  /** Absolute path. */
  readonly dataDir: string;
  readonly store: StoreConfig;
  /** URL of a NATS server, which is secret. */
  readonly bus: string | undefined;
  readonly auth: AuthConfig;
  readonly log: LogConfig;
  readonly limits: LimitsConfig;
  readonly stop: StopConfig;
  readonly tasks: TasksConfig;
  readonly launch: LaunchConfig;
  readonly guard: GuardConfig;
  /** In the order of the file. */
  readonly upstreams: readonly UpstreamConfig[];
  /** `all` first, then one for each upstream in the order of the file, then the further ones of `servers`. */
  readonly servers: readonly ServerConfig[];
}

/** The proxy variables of the environment (lower case wins over upper case), and nothing else of it. */
export interface ProxyVariables {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly all: string | undefined;
  /** The text of NO_PROXY: names, networks and ports with commas between. */
  readonly none: string | undefined;
}

/** What the gateway takes from the environment, read once at the start. */
export interface Environment {
  /** GATEWARD_SECRET: the master secret. */
  readonly secret: string | undefined;
  /** GATEWARD_SECRET_PREVIOUS: the master secret before it. Opens what it sealed, and seals nothing. */
  readonly previousSecret: string | undefined;
  /** GATEWARD_KEY: the key that `gateward connect` shows to a gateway. */
  readonly key: string | undefined;
  /** GATEWARD_CONFIG: the path of the configuration file. */
  readonly configFile: string | undefined;
  readonly proxy: ProxyVariables;
  /** Every variable but these secrets: what `${NAME}` reads and what stdio upstreams may inherit from. */
  readonly variables: Readonly<Record<string, string>>;
}

/** One fault of a configuration file. Never holds a value of the file. */
export interface ConfigProblem {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** The path of the key, such as `upstreams.github.url`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** What loading a configuration gives. */
export interface LoadedConfig {
  readonly config: Config;
  /** Sentences for the operator: allowed, but hardly meant. */
  readonly warnings: readonly string[];
  /** Texts that a log must not show: substituted values and what stands in secret places. */
  readonly secrets: readonly string[];
  /** Absolute paths of the configuration file and of every `${file:...}` in it. A change of one asks for a reload. */
  readonly files: readonly string[];
}
