import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { storeContract } from './contract.ts';
import { openAt } from './open-at.ts';

describe('the store in an SQLite file', () => {
  storeContract(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateward-store-'));
    const location = `sqlite:${join(folder, 'gateward.db')}`;
    return {
      location,
      open: (now) => openAt(location, now),
      drop: () => rm(folder, { recursive: true, force: true }),
    };
  });
});
