import { describe } from 'vitest';
import { approvalContract } from './approval-contract.ts';
import { freshSqlite } from './fresh-sqlite.ts';

describe('approvals in an SQLite file', () => approvalContract(freshSqlite));
