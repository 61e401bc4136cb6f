import { randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Membership } from '../fleet.ts';
import type { Bus, ReplicaTable } from '../store.ts';

/** What a membership is made of. */
export interface MembershipParts {
  readonly replicas: ReplicaTable;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** A membership that lasts until it leaves. */
export interface OpenMembership extends Membership {
  /** This replica ends: the others count it as dead at once. Never rejects. */
  leave(): Promise<void>;
}

/** Milliseconds for which a replica counts as alive after each sign of life. */
const LEASE_MS = 2_500;
const RENEW_EVERY_MS = 500;
/**
 * Milliseconds between two signs of life that still are steady contact. Above it the store may have stood still, so
 * that the leases of others ran out while they lived; they get a whole lease to say so.
 */
const MAX_GAP_MS = 1_500;
/** Dead replicas that are remembered. */
const MAX_DEAD = 10_000;
const TOPIC = 'members';

/**
 * Joins the fleet under a new id, and keeps renewing it.
 *
 * @throws GatewardError STORE_UNAVAILABLE if the store does not take the first sign of life.
 */
export async function joinFleet(parts: MembershipParts): Promise<OpenMembership> {
  const member = new Member(parts);
  await member.join();
  return member;
}

class Member implements OpenMembership {
  readonly id = randomBytes(16).toString('base64url');
  readonly #parts: MembershipParts;
  /** Others that count as alive. */
  #alive = new Set<string>();
  /** Others that died, the oldest first. */
  readonly #dead = new Set<string>();
  readonly #onDeath = new Set<(replica: string) => void>();
  readonly #onFenced = new Set<() => void>();
  #lastContactMs: number | undefined;
  #steadySinceMs: number | undefined;
  #renewing: Promise<void> | undefined;
  #renewAgain = false;
  #callOff: () => void = () => undefined;
  #unsubscribe: () => void = () => undefined;
  #left = false;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  async join(): Promise<void> {
    const { bus } = this.#parts;
    await this.#renew();
    this.#unsubscribe = bus.subscribe(TOPIC, (replica) => {
      if (replica !== this.id) this.#renewSoon();
    });
    bus.publish(TOPIC, this.id);
    this.#schedule(RENEW_EVERY_MS);
  }

  isAlive(replica: string): boolean {
    if (replica === this.id || this.#alive.has(replica)) return true;
    if (this.#dead.has(replica)) return false;
    // It may have joined since the last look: the next one tells, and whoever waits for it hears of its death then.
    this.#alive.add(replica);
    this.#renewSoon();
    return true;
  }

  others(): readonly string[] {
    return [...this.#alive];
  }

  onDeath(run: (replica: string) => void): () => void {
    this.#onDeath.add(run);
    return () => this.#onDeath.delete(run);
  }

  onFenced(run: () => void): () => void {
    this.#onFenced.add(run);
    return () => this.#onFenced.delete(run);
  }

  async leave(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    this.#callOff();
    this.#unsubscribe();
    const { replicas, bus, log } = this.#parts;
    await this.#renewing?.catch(() => undefined);
    try {
      await replicas.leave(this.id);
      bus.publish(TOPIC, this.id);
    } catch (thrown) {
      log.warn('could not leave the fleet: the others notice later', { thrown });
    }
  }

  #schedule(delayMs: number): void {
    this.#callOff();
    if (!this.#left) this.#callOff = this.#parts.clock.after(delayMs, () => this.#renewSoon());
  }

  #renewSoon(): void {
    if (this.#left) return;
    if (this.#renewing !== undefined) {
      this.#renewAgain = true;
      return;
    }
    this.#callOff();
    this.#renewing = this.#renewOnce().finally(() => {
      this.#renewing = undefined;
      const again = this.#renewAgain;
      this.#renewAgain = false;
      this.#schedule(again ? 0 : RENEW_EVERY_MS);
    });
  }

  async #renewOnce(): Promise<void> {
    try {
      await this.#renew();
    } catch (thrown) {
      if (this.#steadySinceMs !== undefined) this.#parts.log.warn('the store cannot be reached', { thrown });
      this.#steadySinceMs = undefined;
    }
  }

  async #renew(): Promise<void> {
    const asked = new Set(this.#alive);
    const { live, wasDead } = await this.#parts.replicas.renew(this.id, LEASE_MS);
    this.#noteContact(wasDead);
    const found = new Set(live);
    found.delete(this.id);
    const steady = this.#isSteady();
    // Whoever was asked about only after the question left was not looked for.
    const gone = [...asked].filter((replica) => !found.has(replica));
    for (const replica of found) {
      this.#alive.add(replica);
      this.#dead.delete(replica);
    }
    if (steady) for (const replica of gone) this.#bury(replica);
    if (wasDead) this.#tellFenced();
  }

  #noteContact(wasDead: boolean): void {
    const now = this.#parts.clock.now();
    const last = this.#lastContactMs;
    const together = last !== undefined && now >= last && now - last <= MAX_GAP_MS && !wasDead;
    this.#lastContactMs = now;
    if (!together || this.#steadySinceMs === undefined) this.#steadySinceMs = now;
  }

  #isSteady(): boolean {
    const since = this.#steadySinceMs;
    return since !== undefined && this.#parts.clock.now() - since >= LEASE_MS;
  }

  #bury(replica: string): void {
    this.#alive.delete(replica);
    this.#dead.add(replica);
    for (const oldest of this.#dead) {
      if (this.#dead.size <= MAX_DEAD) break;
      this.#dead.delete(oldest);
    }
    this.#parts.log.info('a replica is gone', { replica });
    for (const run of [...this.#onDeath]) run(replica);
  }

  #tellFenced(): void {
    this.#parts.log.warn('the other replicas counted this one as dead for a while');
    for (const run of [...this.#onFenced]) run();
  }
}
