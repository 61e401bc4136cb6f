import { describe, expect, it } from 'vitest';
import { addUp, findTable, renderTable, replaceTable } from './table.ts';

const CELL = { passed: 2, notCarried: 0, notBuilt: 0 };
const MATRIX = {
  version: '1.2.3',
  revisions: ['2025-11-25', '2026-07-28'],
  rows: [{ label: 'legacy-only', cells: [CELL, { passed: 5, notCarried: 1, notBuilt: 3 }] }],
};
const TABLE = `<!-- matrix -->
| upstream (suite 1.2.3) | 2025-11-25 client | 2026-07-28 client |
| --- | --- | --- |
| legacy-only | 2 passed, of 2 | 5 passed, 1 cannot be carried, 3 not built, of 9 |

Not built: what 3 of the checks ask for.
<!-- /matrix -->`;

describe('the table of the matrix', () => {
  it('says how many checks of each suite pass in front of each upstream', () => {
    expect(renderTable(MATRIX)).toBe(TABLE);
  });

  it('is found and replaced between its markers', () => {
    const text = `before\n${TABLE}\nafter`;
    expect(findTable(text)).toBe(TABLE);
    expect(replaceTable(text, 'new $& table')).toBe('before\nnew $& table\nafter');
  });

  it('needs its markers', () => {
    expect(() => findTable('<!-- matrix -->')).toThrow(TypeError);
  });

  it('adds up scenarios', () => {
    expect(addUp([CELL, { passed: 1, notCarried: 2, notBuilt: 3 }])).toEqual({
      passed: 3,
      notCarried: 2,
      notBuilt: 3,
    });
    expect(addUp([])).toEqual({ passed: 0, notCarried: 0, notBuilt: 0 });
  });
});
