import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';

/**
 * Makes values that only this gateway can read and make. What is sealed for one use cannot be opened for another:
 * each use has a sub-key of its own (HKDF-SHA-256, RFC 5869).
 */
export interface Seal {
  /** The sealed text: base64url, so visible ASCII. */
  readonly seal: (plain: Buffer, use: string) => string;
  /** The plain bytes; undefined for whatever was not sealed here for this use, changed texts included. */
  readonly open: (text: string, use: string) => Buffer | undefined;
  /** The same as bytes, a quarter smaller than the text: for the store. */
  readonly sealBytes: (plain: Buffer, use: string) => Buffer;
  readonly openBytes: (sealed: Buffer, use: string) => Buffer | undefined;
}

/** Bytes that sealing adds to the plain bytes, before base64url. */
export const SEAL_OVERHEAD = 33;

const FORMAT = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const NONCES_AT_ONCE = 128;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES;
const MIN_SECRET_BYTES = 32;
const MAX_USES = 64;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/**
 * Seals with AES-256-GCM under the first master secret, and opens what any of them sealed, so that secrets rotate
 * without breaking what is in use. A sealed text names its key by four bytes of a digest, which tell nothing of the
 * secret. Throws TypeError without a secret or for one below 32 bytes.
 */
export function createSeal(...masterSecrets: readonly Buffer[]): Seal {
  const keys = masterSecrets.map(masterKey);
  const [first] = keys;
  if (first === undefined) throw new TypeError('A seal needs a master secret.');
  return {
    seal: (plain, use) => sealWith(first, plain, use).toString('base64url'),
    open: (text, use) => {
      const bytes = bytesOf(text);
      return bytes && openWith(keys, bytes, use);
    },
    sealBytes: (plain, use) => sealWith(first, plain, use),
    openBytes: (sealed, use) => openWith(keys, sealed, use),
  };
}

interface MasterKey {
  readonly secret: Buffer;
  readonly id: Buffer;
  /** As key objects: a cipher takes them as they are, and prepares plain bytes anew each time. */
  readonly subKeys: Map<string, KeyObject>;
  readonly nonces: Nonces;
}

/** Random nonces, drawn many at a time: one system call for each would take longer than sealing. */
class Nonces {
  #drawn: Buffer = Buffer.alloc(0);
  #used = 0;

  /** Never gives the same bytes twice, nor a view of bytes that change. */
  next(): Buffer {
    if (this.#used >= this.#drawn.length) {
      this.#drawn = randomFillSync(Buffer.allocUnsafeSlow(NONCE_BYTES * NONCES_AT_ONCE));
      this.#used = 0;
    }
    this.#used += NONCE_BYTES;
    return this.#drawn.subarray(this.#used - NONCE_BYTES, this.#used);
  }
}

function masterKey(secret: Buffer): MasterKey {
  if (secret.length < MIN_SECRET_BYTES) {
    throw new TypeError(`A master secret has at least ${MIN_SECRET_BYTES} bytes.`);
  }
  const id = createHash('sha256').update(derive(secret, 'key-id')).digest().subarray(0, KEY_ID_BYTES);
  return { secret, id, subKeys: new Map(), nonces: new Nonces() };
}

function sealWith(key: MasterKey, plain: Buffer, use: string): Buffer {
  const head = Buffer.concat([Buffer.of(FORMAT), key.id]);
  const nonce = key.nonces.next();
  const cipher = createCipheriv('aes-256-gcm', subKey(key, use), nonce);
  cipher.setAAD(head);
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([head, nonce, body, cipher.getAuthTag()]);
}

/** One sealed value has one spelling: the decoder ignores spare bits that the encoder never sets. */
function bytesOf(text: string): Buffer | undefined {
  if (!BASE64URL.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function openWith(keys: readonly MasterKey[], bytes: Buffer, use: string): Buffer | undefined {
  if (bytes.length < SEAL_OVERHEAD) return undefined;
  const head = bytes.subarray(0, HEAD_BYTES);
  const key = keys.find(({ id }) => id.equals(head.subarray(1)));
  if (head[0] !== FORMAT || key === undefined) return undefined;
  const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', subKey(key, use), nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(head);
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    const body = bytes.subarray(HEAD_BYTES + NONCE_BYTES, bytes.length - TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The sub-key of a use. Uses are names in the program, so there are few; the bound only guards against misuse. */
function subKey(key: MasterKey, use: string): KeyObject {
  const known = key.subKeys.get(use);
  if (known !== undefined) return known;
  if (key.subKeys.size >= MAX_USES) throw new TypeError('A use of a seal is a fixed name, not data.');
  const made = createSecretKey(derive(key.secret, `use:${use}`));
  key.subKeys.set(use, made);
  return made;
}

function derive(secret: Buffer, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'gateward', info, 32));
}
