import { hash, randomBytes } from 'node:crypto';

/**
 * The text of a key: `gwk_<id>_<secret><checksum>`. The prefix lets scanners for leaked secrets know it, and the
 * checksum tells a slip in copying from a key that is not known, without a look into the store.
 */
export interface KeyText {
  /** Public; names the key. 16 of `a-z` and `2-7`. */
  readonly id: string;
  /** 32 bytes as base64url. */
  readonly secret: string;
}

/** A new key: what its holder gets, and what is kept of it. */
export interface MintedKey {
  readonly id: string;
  /** Shown once. */
  readonly text: string;
  readonly hash: Buffer;
}

const PREFIX = 'gwk_';
const ID_LENGTH = 16;
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const SECRET_AT = PREFIX.length + ID_LENGTH + 1;
const CHECKSUM_AT = SECRET_AT + SECRET_LENGTH;
const KEY_LENGTH = CHECKSUM_AT + CHECKSUM_LENGTH;
const ID = /^[a-z2-7]{16}$/;
const FORM = /^gwk_[a-z2-7]{16}_[A-Za-z0-9_-]{49}$/;
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Makes a key: 80 bits of id, 256 bits of secret. */
export function mintKey(): MintedKey {
  const id = Array.from(randomBytes(ID_LENGTH), (byte) => BASE32[byte % BASE32.length]).join('');
  const secret = randomBytes(32).toString('base64url');
  const start = `${PREFIX}${id}_${secret}`;
  return { id, text: `${start}${checksumOf(start)}`, hash: hashSecret(secret) };
}

/** Takes a key apart. Undefined for what has not the form of one. */
export function readKey(text: string): KeyText | undefined {
  if (text.length !== KEY_LENGTH || !FORM.test(text)) return undefined;
  return {
    id: text.slice(PREFIX.length, SECRET_AT - 1),
    secret: text.slice(SECRET_AT, CHECKSUM_AT),
  };
}

/** False for a key that was not copied as it is. */
export function isWhole(text: string): boolean {
  return checksumOf(text.slice(0, CHECKSUM_AT)) === text.slice(CHECKSUM_AT);
}

/** True for a text that may be the id of a key. */
export function isKeyId(text: string): boolean {
  return ID.test(text);
}

/** SHA-256 of the secret part. A secret of 256 random bits needs no slow hash. */
export function hashSecret(secret: string): Buffer {
  // By way of text it costs a third: every call is checked so.
  return Buffer.from(hash('sha256', secret, 'hex'), 'hex');
}

function checksumOf(start: string): string {
  return hash('sha256', start, 'base64url').slice(0, CHECKSUM_LENGTH);
}
