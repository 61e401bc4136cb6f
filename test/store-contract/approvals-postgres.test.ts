import { afterAll, beforeAll, describe } from 'vitest';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { approvalContract } from './approval-contract.ts';
import { openAt } from './open-at.ts';

describe('approvals in a PostgreSQL database', () => {
  let postgres: RunningPostgres;

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  approvalContract(async () => {
    const location = await postgres.createDatabase('approvals');
    return { location, open: (now) => openAt(location, now), drop: async () => undefined };
  });
});
