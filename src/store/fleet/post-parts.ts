import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Seal } from '../../lib/seal.ts';
import type { Membership } from '../fleet.ts';
import type { Bus, MailTable } from '../store.ts';

/** What the post is made of. */
export interface PostParts {
  readonly mail: MailTable;
  readonly bus: Bus;
  readonly membership: Membership;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly log: Log;
}

/** Wake-ups: the replica that has mail, and for small bundles the bundle itself. */
export const MAIL_TOPIC = 'mail';
/** What a bundle is sealed for. */
export const LETTER_USE = 'letter';
