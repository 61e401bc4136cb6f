import { afterAll, beforeAll, describe } from 'vitest';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { storeContract } from './contract.ts';
import { openAt } from './open-at.ts';

describe('the store in a PostgreSQL database', () => {
  let postgres: RunningPostgres;
  let databases = 0;

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  storeContract(async () => {
    const location = await postgres.createDatabase(`contract_${++databases}`);
    return { location, open: (now) => openAt(location, now), drop: async () => undefined };
  });
});
