import { describe } from 'vitest';
import { storeContract } from './contract.ts';
import { freshSqlite } from './fresh-sqlite.ts';

describe('the store in an SQLite file', () => storeContract(freshSqlite));
