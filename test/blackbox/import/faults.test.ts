import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENT_FILES, makeHome, type TestHome } from './homes.ts';

const CURSOR = '.cursor/mcp.json';
const GEMINI = '.gemini/settings.json';
/** More than a process may write to one file that meets a full disk after so many kB. */
const BIG = JSON.stringify({
  history: 'x'.repeat(20_000),
  mcpServers: {
    late: { httpUrl: 'https://late.example/mcp', headers: { Authorization: 'Bearer late-token' } },
  },
});

let at: TestHome;
beforeEach(async () => {
  at = await makeHome();
});
afterEach(() => at.remove());

describe.runIf(process.platform === 'linux')('an import on a disk that takes no more', () => {
  it('leaves no half file, and keeps nobody from undoing the import before it', async () => {
    const first = { [CURSOR]: CLIENT_FILES[CURSOR] ?? '' };
    await at.write(first);
    expect(await at.run(['import', '--yes'])).toMatchObject({ code: 0 });
    await at.write({ [GEMINI]: BIG });
    const before = Object.keys(await at.all()).sort();
    expect((await at.run(['import', '--yes'], {}, [], 4)).code).not.toBe(0);
    expect(Object.keys(await at.all()).sort()).toEqual(before);
    expect(await at.run(['import', '--undo', '--yes'])).toMatchObject({ code: 0 });
    expect(await at.all()).toMatchObject({ ...first, [GEMINI]: BIG });
  });
});
