import { numberIn, optionalBytesIn, type Row, textIn } from '../row.ts';
import type { Ownership, OwnerTable } from '../store.ts';
import type { Database } from './database.ts';
import { unavailable } from './faults.ts';
import { truthIn } from './row.ts';
import { NOW, statement } from './statement.ts';

/** Claims that may come between the look at an owner and the claim. */
const MAX_RACES = 20;

const FIND = statement(
  'find_owner',
  `SELECT holder, epoch, note, holder = $2 OR EXISTS (
     SELECT 1 FROM gateward_replicas WHERE id = holder AND lease_ends_at > ${NOW}
   ) AS lives FROM gateward_owners WHERE thing = $1`,
);
const MAKE = statement(
  'make_owner',
  `INSERT INTO gateward_owners (thing, holder, epoch) VALUES ($1, $2, 1) ON CONFLICT (thing) DO NOTHING
   RETURNING holder, epoch, note`,
);
const TAKE_OVER = statement(
  'take_over_owner',
  `UPDATE gateward_owners SET holder = $2, epoch = epoch + 1 WHERE thing = $1 AND holder = $3 AND epoch = $4
   RETURNING holder, epoch, note`,
);
const NOTE = statement(
  'note_owner',
  'UPDATE gateward_owners SET note = $4 WHERE thing = $1 AND holder = $2 AND epoch = $3 RETURNING epoch',
);
const RELEASE = statement(
  'release_owner',
  'DELETE FROM gateward_owners WHERE thing = $1 AND holder = $2 AND epoch = $3',
);

/** Owners of what there is one of. */
export function createOwnerTable(db: Database): OwnerTable {
  return {
    async claim(thing, replica) {
      // Nearly always there is an owner that lives, so the look comes first and writes nothing.
      for (let race = 0; race < MAX_RACES; race += 1) {
        const found = await db.row(FIND, [thing, replica]);
        if (found !== undefined && truthIn(found, 'lives')) return ownershipIn(found);
        const claimed =
          found === undefined
            ? await db.row(MAKE, [thing, replica])
            : await db.row(TAKE_OVER, [thing, replica, textIn(found, 'holder'), numberIn(found, 'epoch')]);
        if (claimed !== undefined) return ownershipIn(claimed);
      }
      throw unavailable('others claim the same thing again and again');
    },
    async note(thing, { holder, epoch }, note) {
      return (await db.row(NOTE, [thing, holder, epoch, note])) !== undefined;
    },
    async release(thing, { holder, epoch }) {
      await db.rows(RELEASE, [thing, holder, epoch]);
    },
  };
}

function ownershipIn(row: Row): Ownership {
  return { holder: textIn(row, 'holder'), epoch: numberIn(row, 'epoch'), note: optionalBytesIn(row, 'note') };
}
