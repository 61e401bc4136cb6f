import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approvalId, type Seen } from '../store/approval-table.ts';
import { createSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { type DecideOptions, decideOnServers } from './commands/server-decide.ts';
import { type DiffOptions, diffServers } from './commands/server-diff.ts';
import { createTerminal, type Terminal } from './terminal.ts';

const seenOf = (changes: Partial<Seen> = {}): Seen => ({
  ...{ upstream: 'files', kind: 'tools', name: 'search', digest: 'sha256:1' },
  ...{ body: '{"description":"Reads.","name":"search"}', findings: '[]' },
  ...{ state: 'pending', decidedBy: undefined },
  ...changes,
});
const first = seenOf({ state: 'approved', decidedBy: 'first sight' });
const changed = seenOf({ digest: 'sha256:2', body: '{"description":"Reads.\u202e Tells.","name":"search"}' });
const poisoned = seenOf({
  ...{ name: 'steal\u001b[2K', body: '{"name":"steal\\u001b[2K"}' },
  findings: '[{"rule":"concealment","severity":"block","path":"/description","reason":"It hides."}]',
});
const prompt = seenOf({ upstream: 'mail', kind: 'prompts', name: 'greet', body: '{"name":"greet"}' });
const launch = seenOf({
  ...{ upstream: 'mail', kind: 'launch', name: '' },
  body: '{"args":["-y","x"],"command":"npx","cwd":null,"env":{},"form":1}',
});
const identity = seenOf({
  upstream: 'mail',
  kind: 'identity',
  name: '',
  body: '{"origin":"http://127.0.0.1:9"}',
});

let folder: string;
let config: string;
let out: string;
let err: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-approval-'));
  config = join(folder, 'gateward.yaml');
  const url = 'http://127.0.0.1:9/mcp';
  await writeFile(config, JSON.stringify({ upstreams: { files: { url }, mail: { url }, idle: { url } } }));
  await withTable((table) => table.see([first, changed, poisoned, prompt, launch], 1000));
  out = '';
  err = '';
});

afterEach(() => rm(folder, { recursive: true, force: true }));

type Table = Awaited<ReturnType<typeof createSqliteStore>>['approvals'];

async function withTable<T>(run: (table: Table) => Promise<T>): Promise<T> {
  const store = await createSqliteStore({ file: join(folder, 'data', 'gateward.db') });
  try {
    return await run(store.approvals);
  } finally {
    await store.close();
  }
}

const stateOf = (seen: Seen) => withTable(async (table) => (await table.read(approvalId(seen)))?.state);

function terminal(isJson = false): Terminal {
  const stdout = {
    write: (text: string) => {
      out += text;
    },
  };
  const stderr = {
    write: (text: string) => {
      err += text;
    },
  };
  return createTerminal({ stdout, stderr }, isJson);
}

const diff = (options: Partial<DiffOptions> = {}, isJson = false) =>
  diffServers(
    { config, names: [], kind: undefined, name: undefined, state: 'pending', ...options },
    terminal(isJson),
  );

async function found(options: Partial<DiffOptions> = {}): Promise<string[]> {
  out = '';
  expect(await diff(options, true)).toBe(0);
  const { approvals } = JSON.parse(out) as { approvals: { kind: string; name: string }[] };
  return approvals.map(({ kind, name }) => `${kind} ${name}`.trim());
}

/** Decides, as who answers so when asked; undefined where nobody can be asked. */
const decide = ({ isJson, ...options }: Partial<DecideOptions> & { isJson?: boolean }, answer?: string) => {
  const asked: string[] = [];
  const code = decideOnServers(
    {
      ...{ config, names: [], kind: undefined, name: undefined },
      ...{ decision: 'approved', isAgreed: false, isDangerAgreed: false },
      ...options,
    },
    {
      terminal: terminal(isJson),
      ask: (question) => {
        asked.push(question.text);
        return Promise.resolve(answer);
      },
    },
  );
  return { code, asked };
};

describe('gateward server diff', () => {
  it('shows each field that differs, whole, with what cannot be seen', async () => {
    expect(await diff({ names: ['files'] })).toBe(0);
    expect(out).toContain(`files: tool "search"  ${approvalId(changed)}  pending since`);
    expect(out).toContain(`  against ${approvalId(first)}, approved by first sight at`);
    expect(out).toContain(
      [
        '    ~ /description  (holds characters that cannot be seen)',
        '        - "Reads."',
        '        + "Reads.<U+202E> Tells."',
      ].join('\n'),
    );
    expect(out).toContain('files: tool "steal<U+001B>[2K"');
    expect(out).toContain('  DANGEROUS concealment at /description: It hides.');
    for (const hidden of ['\u001b', '\u202e']) expect(out).not.toContain(hidden);
    expect(out).not.toContain('greet');
    expect(err).toContain('gateward server approve NAME|ID');
  });

  it('shows a launch one argument a line', async () => {
    await diff({ kind: 'launch' });
    expect(out).toContain('    "npx"\n      "-y"\n      "x"\n');
  });

  it('finds by upstream, kind, name, state and id', async () => {
    expect(await found()).toEqual(['tools search', `tools ${poisoned.name}`, 'prompts greet', 'launch']);
    expect(await found({ names: ['mail'] })).toEqual(['prompts greet', 'launch']);
    expect(await found({ kind: 'prompts' })).toEqual(['prompts greet']);
    expect(await found({ name: 'greet', names: ['files', 'mail'] })).toEqual(['prompts greet']);
    expect(await found({ state: 'approved' })).toEqual(['tools search']);
    expect(await found({ names: [approvalId(first), approvalId(first), 'idle'] })).toEqual(['tools search']);
  });

  it('says that nothing waits, and of whom it never heard', async () => {
    await diff({ names: ['idle'] });
    expect([out, err]).toEqual(['Nothing waits for an approval.\n', '']);
    await expect(diff({ names: ['nobody'] })).rejects.toMatchObject({ code: 'APPROVAL_NOT_FOUND' });
    await expect(diff({ names: ['0'.repeat(20)] })).rejects.toMatchObject({ code: 'APPROVAL_NOT_FOUND' });
  });

  it('says of what was rejected where nothing waits, and how to see it', async () => {
    await decide({ decision: 'rejected', names: ['mail'] }).code;
    const told = async (options: Partial<DiffOptions>): Promise<string> => {
      out = '';
      expect(await diff(options)).toBe(0);
      return out;
    };
    const command = 'gateward server diff mail --state rejected';
    expect(await told({ names: ['mail'] })).toBe(`Nothing waits. 2 rejected: ${command}\n`);
    const [one, none] = [
      { names: ['mail'], kind: 'prompts' } as const,
      { names: ['mail'], kind: 'tools' } as const,
    ];
    expect(await told(one)).toBe(`Nothing waits. 1 rejected: ${command} --kind prompts\n`);
    expect(await told(none)).toBe('Nothing waits for an approval.\n');
    expect(await told({ names: ['idle'] })).toBe('Nothing waits for an approval.\n');
    expect(await told({ name: 'greet', names: ['idle', 'mail'] })).toBe(
      'Nothing waits. 1 rejected: gateward server diff idle mail --state rejected --name greet\n',
    );
    expect(await told({ names: ['mail'], state: 'approved' })).toBe('Nothing is approved.\n');
    expect(await told({ kind: 'launch' })).toBe(
      'Nothing waits. 1 rejected: gateward server diff --state rejected --kind launch\n',
    );
    expect(await found({ names: ['mail'] })).toEqual([]);
    expect(err).toBe('');
  });

  it('knows upstreams that no configuration names any more', async () => {
    await writeFile(config, JSON.stringify({ upstreams: { idle: { url: 'http://127.0.0.1:9/mcp' } } }));
    expect(await found({ names: ['mail'] })).toEqual(['prompts greet', 'launch']);
    expect(await found({ names: ['mail'], state: 'rejected' })).toEqual([]);
  });
});

describe('gateward server approve', () => {
  it('approves what waits of an upstream, and what an id names, and says so', async () => {
    expect(await decide({ names: ['mail', approvalId(changed)], isAgreed: true }).code).toBe(0);
    expect(await Promise.all([prompt, launch, changed, poisoned].map(stateOf))).toEqual([
      ...['approved', 'approved', 'approved', 'pending'],
    ]);
    expect(out).toContain(`approved  mail: prompt "greet"  ${approvalId(prompt)}`);
    const row = await withTable((table) => table.read(approvalId(prompt)));
    expect(row?.decidedBy).toMatch(/^cli/);
  });

  it('says where the next things may wait once a launch or an identity is approved', async () => {
    const next = 'What it offers may wait next: gateward server diff';
    await decide({ names: [approvalId(prompt)] }).code;
    await decide({ decision: 'rejected', names: [approvalId(launch)] }).code;
    expect(out).not.toContain(next);
    await withTable((table) => table.see([identity], 1000));
    await decide({ names: [approvalId(launch), approvalId(identity)] }).code;
    expect(out).toMatch(new RegExp(`${next} mail\\n$`));
    expect(out.split(next)).toHaveLength(2);
  });

  it('writes JSON alone where that is asked for', async () => {
    await decide({ names: [approvalId(launch)], isJson: true }).code;
    expect(JSON.parse(out)).toMatchObject({ approvals: [{ kind: 'launch', state: 'approved' }] });
  });

  it('asks before it approves something dangerous, after it has shown it', async () => {
    const { code, asked } = decide({ names: ['files'] }, 'dangerous');
    expect(await code).toBe(0);
    expect(asked).toEqual([expect.stringContaining('1 of these may be DANGEROUS')]);
    expect(out).toContain('DANGEROUS concealment');
    expect(await stateOf(poisoned)).toBe('approved');
  });

  it.each([undefined, '', 'y', 'yes'])('approves nothing when the answer is %j', async (answer) => {
    const { code, asked } = decide({}, answer);
    await expect(code).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      // Who answered sits at a terminal.
      message:
        answer === undefined ? expect.stringContaining('--yes-dangerous') : expect.not.stringContaining('--'),
    });
    await expect(code).rejects.not.toThrow(/--yes(?!-dangerous)/);
    expect(asked).toHaveLength(1);
    expect(await found()).toHaveLength(4);
  });

  it('asks for a yes where a name may mean more than was seen before', async () => {
    const refused = decide({ names: ['mail', approvalId(changed)] });
    await expect(refused.code).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
      message: expect.stringMatching(/--yes(?!-dangerous)/),
    });
    expect(await found({ names: ['mail'] })).toHaveLength(2);
    const agreed = decide({ names: ['mail'] }, 'y');
    expect([await agreed.code, agreed.asked]).toEqual([0, ['Approve what is shown above (2)? [y/N] ']]);
  });

  it.each<Partial<DecideOptions>>([
    { kind: 'prompts' },
    { names: ['mail', approvalId(prompt), approvalId(launch)] },
    { names: [approvalId(prompt), 'idle'] },
  ])('asks for a yes where not everything is named by its id: %j', async (options) => {
    await expect(decide(options, 'n').code).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(await found()).toHaveLength(4);
  });

  it('agrees to nothing dangerous with an id, given twice, or with a yes to what waits', async () => {
    const id = approvalId(poisoned);
    for (const options of [{ names: [id, id] }, { names: [id], isAgreed: true }, { isAgreed: true }]) {
      const { code, asked } = decide(options, 'y');
      await expect(code).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
      expect(asked).toEqual([expect.stringContaining('1 of these may be DANGEROUS')]);
    }
    expect(await stateOf(poisoned)).toBe('pending');
  });

  it('does not ask where that was agreed to, and what ids name exactly', async () => {
    const named = decide({ names: [approvalId(prompt)] });
    expect([await named.code, named.asked]).toEqual([0, []]);
    const safe = decide({ names: ['mail'], isAgreed: true });
    expect([await safe.code, safe.asked]).toEqual([0, []]);
    const agreed = decide({ isDangerAgreed: true });
    expect([await agreed.code, agreed.asked]).toEqual([0, []]);
    expect(await found()).toEqual([]);
  });

  it('says that nothing waits, and when something would', async () => {
    await expect(decide({ names: ['idle'] }).code).rejects.toMatchObject({
      code: 'APPROVAL_NOT_FOUND',
      message: expect.stringMatching(/Nothing of idle waits\. .* gateward serve\.$/),
    });
    await expect(decide({ names: ['mail'], kind: 'tools' }).code).rejects.toMatchObject({
      code: 'APPROVAL_NOT_FOUND',
    });
  });
});

it('a name does not turn a decision around, and the error has the ids that do', async () => {
  await decide({ decision: 'rejected', names: ['mail'] }).code;
  await expect(decide({ names: ['mail'] }).code).rejects.toThrow(`${approvalId(launch)} (launch, rejected)`);
  expect(await decide({ names: [approvalId(launch)] }).code).toBe(0);
  await expect(decide({ decision: 'rejected', names: ['mail'] }).code).rejects.toThrow(
    `${approvalId(launch)} (launch, approved)`,
  );
});

it('gateward server reject rejects without a question, also what was approved', async () => {
  const rejected = decide({ decision: 'rejected', names: ['files', approvalId(first)] });
  expect([await rejected.code, rejected.asked]).toEqual([0, []]);
  expect(await Promise.all([first, changed, poisoned].map(stateOf))).toEqual([
    ...['rejected', 'rejected', 'rejected'],
  ]);
  expect(await stateOf(prompt)).toBe('pending');
});
