/** How much each key may take: on average, and at once. */
export interface BucketLimits {
  readonly perSecond: number;
  readonly burst: number;
  /** Keys that are remembered; an older one is forgotten for a new one. */
  readonly maxKeys: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** How many of the oldest keys are looked at for idle ones before one is forgotten that is in use. */
const SWEEP = 16;

/** One token bucket for each key. The time is handed in. */
export class TokenBuckets {
  readonly #limits: BucketLimits;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: BucketLimits) {
    this.#limits = limits;
  }

  /** Keys remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token. Gives 0, or the milliseconds until there is one. */
  take(key: string, nowMs: number): number {
    const { perSecond, burst } = this.#limits;
    const bucket = this.#buckets.get(key) ?? this.#add(key, nowMs);
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1000);
    bucket.atMs = nowMs;
    if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1000) / perSecond;
    bucket.tokens--;
    return 0;
  }

  #add(key: string, nowMs: number): Bucket {
    if (this.#buckets.size >= this.#limits.maxKeys) this.#forget(nowMs);
    const bucket = { tokens: this.#limits.burst, atMs: nowMs };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Forgets idle keys among the oldest: a full bucket is the same as none. If all are in use, the oldest goes. */
  #forget(nowMs: number): void {
    const fillMs = (this.#limits.burst * 1000) / this.#limits.perSecond;
    let seen = 0;
    let oldest: string | undefined;
    for (const [key, bucket] of this.#buckets) {
      oldest ??= key;
      if (nowMs - bucket.atMs >= fillMs) this.#buckets.delete(key);
      if (++seen === SWEEP) break;
    }
    if (oldest !== undefined && this.#buckets.size >= this.#limits.maxKeys) this.#buckets.delete(oldest);
  }
}
