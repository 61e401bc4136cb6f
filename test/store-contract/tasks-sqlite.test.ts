import { describe } from 'vitest';
import { freshSqlite } from './fresh-sqlite.ts';
import { taskContract } from './task-contract.ts';

describe('tasks in an SQLite file', () => taskContract(freshSqlite));
