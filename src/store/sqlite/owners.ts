import { numberIn, optionalBytesIn, type Row, textIn } from '../row.ts';
import type { Ownership, OwnerTable } from '../store.ts';
import type { Database } from './database.ts';

const CLAIM = `
INSERT INTO owners (thing, holder, epoch) VALUES (:thing, :replica, 1)
ON CONFLICT (thing) DO UPDATE SET holder = :replica, epoch = epoch + 1
WHERE holder <> :replica
  AND NOT EXISTS (SELECT 1 FROM replicas WHERE id = owners.holder AND lease_ends_at > :now)
RETURNING *`;

/** Owners of what there is one of. */
export function createOwnerTable(db: Database): OwnerTable {
  return {
    claim: (thing, replica) =>
      db.write(() => {
        const mine = db.get(CLAIM, { thing, replica, now: db.now() });
        return ownershipIn(mine ?? db.get('SELECT * FROM owners WHERE thing = ?', [thing]) ?? {});
      }),
    note: (thing, { holder, epoch }, note) =>
      db.write(() => {
        const sql = 'UPDATE owners SET note = ? WHERE thing = ? AND holder = ? AND epoch = ?';
        return db.run(sql, [note, thing, holder, epoch]) > 0;
      }),
    release: (thing, { holder, epoch }) =>
      db.write(() => {
        db.run('DELETE FROM owners WHERE thing = ? AND holder = ? AND epoch = ?', [thing, holder, epoch]);
      }),
  };
}

function ownershipIn(row: Row): Ownership {
  return { holder: textIn(row, 'holder'), epoch: numberIn(row, 'epoch'), note: optionalBytesIn(row, 'note') };
}
