import { afterAll, beforeAll, describe } from 'vitest';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { openAt } from './open-at.ts';
import { taskContract } from './task-contract.ts';

describe('tasks in a PostgreSQL database', () => {
  let postgres: RunningPostgres;

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  taskContract(async () => {
    const location = await postgres.createDatabase('tasks');
    return { location, open: (now) => openAt(location, now), drop: async () => undefined };
  });
});
