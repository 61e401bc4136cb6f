import { randomBytes } from 'node:crypto';
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { remember } from '../lib/remember.ts';
import { SEAL_OVERHEAD, type Seal } from '../lib/seal.ts';
import type { SessionRows } from './sessions.ts';

/** What a legacy session is made of. It never changes after `initialize`. */
export interface SessionFacts {
  /** Unguessable and never reused. */
  readonly key: string;
  /** The revision that `initialize` agreed on. */
  readonly version: string;
  readonly server: string;
  /** `Principal.key` of who opened it. */
  readonly principal: string;
  /** As `initialize` gave them. */
  readonly capabilities: JsonText;
  /** As `initialize` gave it, without icons. */
  readonly clientInfo: JsonText;
  readonly expiresAtMs: number;
}

/** A session before it has an id: what `initialize` said and agreed on. */
export type NewSession = Omit<SessionFacts, 'key' | 'expiresAtMs'>;

/** Makes and opens values of `Mcp-Session-Id`. Any replica with the same seal can open what another made. */
export interface SessionIds {
  /** Throws INVALID_PARAMS for capabilities beyond every bound, STORE_UNAVAILABLE where they need a row. */
  mint(session: NewSession): Promise<{ readonly id: string; readonly facts: SessionFacts }>;
  /**
   * Undefined for an id that was not made here or whose time is over. Does not know whether the session ended. Throws
   * STORE_UNAVAILABLE where part of it is in a row.
   */
  open(id: string): Promise<SessionFacts | undefined>;
}

/** What ids are made with. */
export interface SessionIdOptions {
  readonly seal: Seal;
  /** Holds what does not fit into an id. */
  readonly rows: Pick<SessionRows, 'begin' | 'keepExtra' | 'readExtra'>;
  readonly now: () => number;
  /** Life of a session, however busy it is. */
  readonly ttlMs: number;
}

/** Characters of an id. Many servers and proxies take no header line above 4 or 8 KB. */
export const MAX_ID_LENGTH = 3072;

const USE = 'mcp-session-id';
const EXTRA_USE = 'session-extra';
const FORMAT = 1;
const KEY_BYTES = 16;
const MAX_PLAIN_BYTES = Math.floor((MAX_ID_LENGTH * 3) / 4) - SEAL_OVERHEAD;
/** Bytes of capabilities and client info that a session may keep outside its id. */
const MAX_EXTRA_BYTES = 65_536;
/** Ids that need not be opened again. Starting anew is as good as any choice: what is in use comes back at once. */
const MAX_OPENED = 4096;

/** Makes the minter and opener of session ids. An id that was changed in any place does not open. */
export function createSessionIds(options: SessionIdOptions): SessionIds {
  const { seal, rows, now, ttlMs } = options;
  const opened = new Map<string, SessionFacts>();
  // Clients are of few kinds: what they say of themselves is held once, and no session holds the bytes of its id.
  const share = remember(JsonText.written, { maxEntries: 1000, maxLength: 4096 });
  return {
    async mint(session) {
      const clientInfo = share(withoutIcons(session.clientInfo).text);
      const capabilities = share(session.capabilities.text);
      const key = randomBytes(KEY_BYTES).toString('base64url');
      const facts = { ...session, capabilities, clientInfo, key, expiresAtMs: now() + ttlMs };
      const about = writeAbout(facts);
      let plain = writePlain(facts, about);
      if (plain.length > MAX_PLAIN_BYTES) {
        if (about.length > MAX_EXTRA_BYTES) throw tooLarge();
        await rows.keepExtra(facts, seal.sealBytes(about, EXTRA_USE));
        plain = writePlain(facts, undefined);
      }
      if (plain.length > MAX_PLAIN_BYTES)
        throw new TypeError('The key of a principal must fit into a session id.');
      rows.begin(key);
      return { id: seal.seal(plain, USE), facts };
    },
    async open(id) {
      if (id.length > MAX_ID_LENGTH) return undefined;
      const before = opened.get(id);
      if (before !== undefined) return before.expiresAtMs > now() ? before : undefined;
      const plain = seal.open(id, USE);
      if (plain === undefined || plain[0] !== FORMAT) return undefined;
      const text = JsonText.parse(plain.subarray(1));
      if (Number(text.get('t')?.text) <= now()) return undefined;
      const about = text.get('a') ?? (await readExtra(options, text));
      const facts = about === undefined ? undefined : factsIn(text, about, share);
      if (opened.size >= MAX_OPENED) opened.clear();
      if (facts !== undefined) opened.set(id, facts);
      return facts;
    },
  };
}

/** What another replica makes the same session of. It holds the session's key, so it leaves only sealed. */
export function writeFacts(facts: SessionFacts): JsonText {
  return JsonText.written(writeParts(facts, writeAbout(facts)));
}

/** Reads what `writeFacts` wrote; undefined for anything else. */
export function readFacts(text: JsonText): SessionFacts | undefined {
  const about = text.get('a');
  return about === undefined ? undefined : factsIn(text, about, (json) => JsonText.written(json));
}

function writeAbout({ capabilities, clientInfo }: SessionFacts): Buffer {
  return Buffer.from(`{"c":${capabilities.text},"i":${clientInfo.text}}`);
}

function writePlain(facts: SessionFacts, about: Buffer | undefined): Buffer {
  return Buffer.concat([Buffer.of(FORMAT), Buffer.from(writeParts(facts, about))]);
}

/** `about` last; without it, it stands in a row. */
function writeParts({ version, server, principal, expiresAtMs, key }: SessionFacts, about?: Buffer): string {
  const head = JSON.stringify({ v: version, s: server, p: principal, t: expiresAtMs, k: key });
  return about === undefined ? head : `${head.slice(0, -1)},"a":${about.toString('utf8')}}`;
}

async function readExtra({ rows, seal }: SessionIdOptions, text: JsonText): Promise<JsonText | undefined> {
  const sealed = await rows.readExtra(text.get('k')?.string() ?? '');
  const bytes = sealed === undefined ? undefined : seal.openBytes(sealed, EXTRA_USE);
  return bytes === undefined ? undefined : JsonText.parse(bytes);
}

function factsIn(
  text: JsonText,
  about: JsonText,
  share: (text: string) => JsonText,
): SessionFacts | undefined {
  const [version, server, principal, key] = ['v', 's', 'p', 'k'].map((name) => text.get(name)?.string());
  const capabilities = about.get('c');
  const clientInfo = about.get('i');
  if (version === undefined || server === undefined || principal === undefined || key === undefined)
    return undefined;
  if (capabilities === undefined || clientInfo === undefined) return undefined;
  return {
    key,
    version,
    server,
    principal,
    capabilities: share(capabilities.text),
    clientInfo: share(clientInfo.text),
    expiresAtMs: Number(text.get('t')?.text),
  };
}

/** Icons are pictures for people, may be large, and no server needs them on each call. */
function withoutIcons(clientInfo: JsonText): JsonText {
  return clientInfo.get('icons') === undefined ? clientInfo : clientInfo.with({ icons: undefined });
}

function tooLarge(): GatewardError {
  return new GatewardError('INVALID_PARAMS', { detail: 'The capabilities and clientInfo are too large.' });
}
