/**
 * What is to run inside a sandbox, on its way there. The sandbox's own programs make a command line for a shell and run
 * under the environment that they are given; a program's arguments must not be read by that shell, and its variables
 * (`NODE_OPTIONS`, `LD_PRELOAD`) must not act on what is still outside. So both travel as text in variables of our own,
 * and are unpacked inside. Not as arguments: those are shown to every user of the machine.
 */

/** A program as it is started inside a sandbox. */
export interface Order {
  /** Absolute path. */
  readonly file: string;
  /** What the program is told that it is called. */
  readonly argv0: string;
  readonly args: readonly string[];
  /** The whole environment, but for the variables that name the sandbox's proxy. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Whether it may connect to hosts, so that it has to be told of the proxy. */
  readonly online: boolean;
}

const PREFIX = 'GATEWARD_ORDER_';
/** Linux takes no variable of 128 KiB or more (MAX_ARG_STRLEN). */
const CHUNK_CHARACTERS = 120_000;

/** The variables that carry an order. */
export function packOrder(order: Order): Record<string, string> {
  const text = Buffer.from(JSON.stringify(order)).toString('base64');
  const chunks = text.match(new RegExp(`.{1,${CHUNK_CHARACTERS}}`, 'g')) ?? [];
  return Object.fromEntries(chunks.map((chunk, index) => [`${PREFIX}${index}`, chunk]));
}

/** The order that these variables carry. Throws SyntaxError or TypeError if they carry none. */
export function unpackOrder(variables: Readonly<Record<string, string>>): Order {
  const chunks: string[] = [];
  for (let chunk = variables[PREFIX + 0]; chunk !== undefined; chunk = variables[PREFIX + chunks.length]) {
    chunks.push(chunk);
  }
  const order: unknown = JSON.parse(Buffer.from(chunks.join(''), 'base64').toString());
  if (!isOrder(order)) throw new TypeError('The variables carry no order.');
  return order;
}

function isOrder(value: unknown): value is Order {
  if (!isObject(value) || !isObject(value['env']) || !Array.isArray(value['args'])) return false;
  const { file, argv0, cwd, online } = value;
  const texts = [file, argv0, cwd, ...value['args'], ...Object.values(value['env'])];
  return texts.every((text) => typeof text === 'string') && typeof online === 'boolean';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Names of variables in which the sandbox says how its proxy is reached. */
const PROXY =
  /^(?:(?:http|https|all|grpc|ftp|rsync)_proxy|cloudsdk_proxy_\w+|git_ssh_command|java_tool_options)$/i;
/** The sandbox's own exceptions name private networks, to which there is no other way either. */
const NO_PROXY = 'localhost,127.0.0.1,::1';

/**
 * The environment of the program inside: the order's own, and, if it may connect to hosts, what `around` (the variables
 * that the sandbox set) says of the proxy, which is the only way out.
 */
export function environmentInside(
  { env, online }: Order,
  around: Readonly<Record<string, string>>,
): Record<string, string> {
  if (!online) return { ...env };
  const proxies = Object.entries(around).filter(([name]) => PROXY.test(name));
  return {
    // Node's fetch and http take a proxy of the environment if they are told to (Node 22.21, 24.5).
    NODE_USE_ENV_PROXY: '1',
    ...env,
    ...Object.fromEntries(proxies),
    // Git would first try without the proxy's password.
    GIT_CONFIG_PARAMETERS: "'http.proxyAuthMethod=basic'",
    NO_PROXY,
    no_proxy: NO_PROXY,
  };
}
