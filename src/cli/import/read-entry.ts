import { isAbsolute } from 'node:path';
import { isTree } from '../../guard/seal/formats/tree.ts';
import type { ServerEntry } from '../../guard/seal/server-entry.ts';
import { isSecretName, looksSecret } from '../config-file/find-secret-parts.ts';
import { hasAuthorization, keepArgs } from '../config-file/make-entry.ts';
import { mapValues, type StdioEntry, type UpstreamEntry } from '../config-file/upstream-entry.ts';
import { NotMovable, translateText, type VariableSource } from './translate-text.ts';

/** A server of a client, as an upstream whose secrets still stand in it. */
export interface ReadEntry {
  readonly entry: UpstreamEntry;
  /** Keys of the client that the gateway has nothing for. */
  readonly dropped: readonly string[];
}

/** Keys by which something else than the entry says how the server is reached. */
const ELSEWHERE: readonly string[] = [
  'envFile',
  'env_file',
  'headersHelper',
  'oauth',
  'auth',
  'authProviderType',
  'env_keys',
];
/** Keys that are read, or that say nothing of a server. */
const READ: ReadonlySet<string> = new Set(
  'name type transport transportType description command cmd args env envs environment cwd workingDirectory url serverUrl httpUrl uri headers http_headers requestOptions enabled disabled bearer_token_env_var env_http_headers env_vars source settings'.split(
    ' ',
  ),
);

/** Keys that say something of a command alone, and of a URL alone. */
const OF_COMMANDS: ReadonlySet<string> = new Set(
  'args env envs environment cwd workingDirectory env_vars'.split(' '),
);
const OF_URLS: ReadonlySet<string> = new Set(
  'headers http_headers requestOptions bearer_token_env_var env_http_headers'.split(' '),
);

/**
 * Reads the entry of a client's server as an upstream.
 *
 * @throws NotMovable with the reason for whoever imports.
 */
export function readEntry(server: ServerEntry, source: VariableSource): ReadEntry {
  const fields = isTree(server.value) ? server.value : {};
  if (!server.isEnabled)
    throw new NotMovable('It is switched off in the client, so it stays there, with what is in it.');
  const elsewhere = ELSEWHERE.find((key) => isFilled(fields[key]));
  if (elsewhere !== undefined)
    throw new NotMovable(`Its "${elsewhere}" says something that only the client can do.`);
  if (server.command !== undefined && server.url !== undefined)
    throw new NotMovable('It names a command and a URL: it is not clear which of them is meant.');
  const malformed = ['env', 'headers', 'args'].find((key) => hasOddValue(fields[key]));
  if (malformed !== undefined) throw new NotMovable(`Its "${malformed}" holds something else than texts.`);
  const entry = server.command === undefined ? readHttp(server, source) : readStdio(server, source);
  const ofOthers = server.command === undefined ? OF_COMMANDS : OF_URLS;
  const dropped = Object.keys(fields).filter(
    (key) => !READ.has(key) || (ofOthers.has(key) && isFilled(fields[key])),
  );
  const secret = [...dropped, 'settings'].find((key) => holdsSecret(key, fields[key]));
  if (secret !== undefined)
    throw new NotMovable(`Its "${secret}" looks like a secret, and the gateway has no place for it.`);
  return { entry, dropped };
}

/** What is not carried over would stand nowhere any more. */
function holdsSecret(name: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => holdsSecret(name, item));
  if (isTree(value)) return Object.entries(value).some(([key, member]) => holdsSecret(key, member));
  if (typeof value !== 'string' && typeof value !== 'number') return false;
  return isSecretName(name, String(value)) || looksSecret(String(value));
}

function readHttp(server: ServerEntry, source: VariableSource): UpstreamEntry {
  if (server.url === undefined) throw new NotMovable('It names neither a command nor a URL.');
  const url = translateText(server.url, source);
  if (!/^https?:\/\//i.test(url)) throw new NotMovable('Its URL does not begin with http:// or https://.');
  const given = mapValues(server.headers, (text) => translateText(text, source));
  const read = mapValues(server.headerVariables, (name) => translateText(`\${${name}}`, source));
  const { bearerVariable } = server;
  const hasHeader = hasAuthorization({ ...given, ...read });
  return {
    // What a header says goes before what the URL says.
    url: hasHeader ? url.replace(/^(https?:\/\/)[^/?#@]*@/i, '$1') : url,
    ...(server.transport === 'sse' && { transport: 'sse' as const }),
    headers: {
      ...given,
      ...read,
      ...(bearerVariable !== undefined && {
        Authorization: `Bearer ${translateText(`\${${bearerVariable}}`, source)}`,
      }),
    },
  };
}

function readStdio(server: ServerEntry, source: VariableSource): StdioEntry {
  const translate = (text: string): string => translateText(text, source);
  const { command = '', args, cwd } = server;
  const passed = isTree(server.value) ? server.value['env_vars'] : undefined;
  const names = Array.isArray(passed) ? passed.map(String) : [];
  const base = source.project ?? source.home;
  const folder = cwd ?? ([command, ...args].some(isRelative) ? base : undefined);
  if (/[\s=]/.test(command) && keepArgs([command], () => '')[0] !== command)
    throw new NotMovable(
      'Its command holds a secret. Write the program alone, and the secret as a variable.',
    );
  if (cwd !== undefined && !isAbsolute(cwd) && !cwd.includes('$'))
    throw new NotMovable('Its working directory is relative. Write the whole path, then import again.');
  return {
    command: translate(isRelative(command) ? `${folder ?? base}/${command}` : command),
    args: args.map(translate),
    env: {
      ...mapValues(server.env, translate),
      ...Object.fromEntries(names.map((name) => [name, translate(`\${${name}}`)])),
    },
    ...(folder !== undefined && { cwd: translate(folder) }),
  };
}

/** Clients start commands in their own folder, the gateway in an empty one. */
function isRelative(text: string): boolean {
  return /^\.{1,2}(?:[/\\]|$)/.test(text);
}

/** Lists and maps within a list or map of texts: their text says nothing. */
function hasOddValue(value: unknown): boolean {
  const members = Array.isArray(value) ? value : isTree(value) ? Object.values(value) : [];
  return members.some((member) => typeof member === 'object' && member !== null);
}

function isFilled(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isTree(value)) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== false && value !== '';
}
