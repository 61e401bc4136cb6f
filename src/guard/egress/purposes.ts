/** What an address that did not come from the operator is fetched for. */
export type Purpose = 'metadata' | 'jwks' | 'client-id' | 'icon' | 'card' | 'registry';

/** What a fetch may do and what it may bring. */
export interface PurposeRules {
  readonly maxBytes: number;
  /** Milliseconds for everything, redirects included. */
  readonly timeoutMs: number;
  /** How many redirects are followed, and whether to other origins too. */
  readonly redirects: { readonly max: number; readonly stayOnOrigin: boolean };
  readonly accept: string;
  /** Whether a media type, in lower case and without parameters, is what was asked for. */
  readonly takes: (type: string) => boolean;
}

const KIB = 1024;
const NO_REDIRECTS = { max: 0, stayOnOrigin: true };
const FEW_REDIRECTS = { max: 3, stayOnOrigin: false };

function isJson(type: string): boolean {
  return type === 'application/json' || /^application\/[\w.-]+\+json$/.test(type);
}

const IMAGES: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/jpg',
  'image/webp',
  'image/gif',
  'image/svg+xml',
]);

const JSON_RULES = { accept: 'application/json', takes: isJson };

/**
 * The rules of each purpose. A document that proves who somebody is must come from where it says: neither keys nor
 * client id documents are redirected (draft-ietf-oauth-client-id-metadata-document §4). Icons stay on their origin
 * (2026-07-28 basic §icons).
 */
export const PURPOSES: Readonly<Record<Purpose, PurposeRules>> = {
  metadata: { maxBytes: 256 * KIB, timeoutMs: 10_000, redirects: FEW_REDIRECTS, ...JSON_RULES },
  jwks: {
    maxBytes: 256 * KIB,
    timeoutMs: 10_000,
    redirects: NO_REDIRECTS,
    accept: 'application/jwk-set+json, application/json',
    takes: isJson,
  },
  'client-id': { maxBytes: 16 * KIB, timeoutMs: 5_000, redirects: NO_REDIRECTS, ...JSON_RULES },
  icon: {
    maxBytes: 1024 * KIB,
    timeoutMs: 10_000,
    redirects: { max: 3, stayOnOrigin: true },
    accept: [...IMAGES].join(', '),
    takes: (type) => IMAGES.has(type),
  },
  card: { maxBytes: 256 * KIB, timeoutMs: 10_000, redirects: FEW_REDIRECTS, ...JSON_RULES },
  registry: { maxBytes: 4096 * KIB, timeoutMs: 30_000, redirects: FEW_REDIRECTS, ...JSON_RULES },
};
