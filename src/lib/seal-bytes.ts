import type { Seal } from './seal.ts';

/** Seals for a store that takes bytes: a quarter smaller than the text. */
export function sealBytes(seal: Seal, plain: Buffer, use: string): Buffer {
  return Buffer.from(seal.seal(plain, use), 'base64url');
}

/** Opens what `sealBytes` made; undefined for whatever it did not make for this use. */
export function openBytes(seal: Seal, sealed: Buffer, use: string): Buffer | undefined {
  return seal.open(sealed.toString('base64url'), use);
}
