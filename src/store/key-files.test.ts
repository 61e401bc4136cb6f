import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSeal } from '../lib/seal.ts';
import {
  ADMIN_KEY_FILE,
  makeDataFolder,
  PREVIOUS_SECRET_FILE,
  readAdminKey,
  readMasterSecret,
  readMasterSecrets,
  readOrMakeAdminKey,
  SECRET_FILE,
} from './key-files.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateward-keys-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the key files', () => {
  it('are made at the first start, for the owner alone, and stay the same', async () => {
    const key = await readOrMakeAdminKey(folder);
    expect(key).toMatch(/^[\w-]{43}$/);
    expect((await stat(join(folder, ADMIN_KEY_FILE))).mode & 0o777).toBe(0o600);
    expect(await readOrMakeAdminKey(folder)).toBe(key);
    expect(await readAdminKey(join(folder, ADMIN_KEY_FILE))).toBe(key);
    expect(await readdir(folder)).toEqual([ADMIN_KEY_FILE]);
  });

  it('are the same for all who start at once, and leave no draft behind', async () => {
    const keys = await Promise.all(Array.from({ length: 30 }, () => readOrMakeAdminKey(folder)));
    expect(new Set(keys).size).toBe(1);
    expect(await readdir(folder)).toEqual([ADMIN_KEY_FILE]);
  });

  it('hold two different values', async () => {
    const key = await readOrMakeAdminKey(folder);
    const secret = await readMasterSecret(folder, undefined);
    expect(secret).toHaveLength(32);
    expect(secret.toString('base64url')).not.toBe(key);
  });

  it.each([0o640, 0o604, 0o660])('are refused with mode %o, which lets others read them', async (mode) => {
    await readOrMakeAdminKey(folder);
    await readMasterSecret(folder, undefined);
    await chmod(join(folder, ADMIN_KEY_FILE), mode);
    await chmod(join(folder, SECRET_FILE), mode);
    await expect(readOrMakeAdminKey(folder)).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: expect.stringContaining('chmod 600'),
    });
    await expect(readMasterSecret(folder, undefined)).rejects.toMatchObject({ code: 'SECRET_INVALID' });
  });

  it.each(['', 'short\n', `${'a'.repeat(42)}\n`, `${'a'.repeat(43)} b\n`])(
    'are refused with %j in them',
    async (text) => {
      await writeFile(join(folder, SECRET_FILE), text, { mode: 0o600 });
      await expect(readMasterSecret(folder, undefined)).rejects.toMatchObject({ code: 'SECRET_INVALID' });
      expect(await readFile(join(folder, SECRET_FILE), 'utf8')).toBe(text);
    },
  );

  it('say what is wrong with a folder that cannot be used', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(makeDataFolder(join(folder, 'file'))).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
    });
    await expect(makeDataFolder(join(folder, 'file', 'below'))).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
    });
    await expect(readOrMakeAdminKey(join(folder, 'absent'))).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
    });
  });

  it('are below a folder for the owner alone', async () => {
    const data = join(folder, 'a', 'b');
    await makeDataFolder(data);
    await makeDataFolder(data);
    expect((await stat(data)).mode & 0o777).toBe(0o700);
  });
});

describe('a given master secret', () => {
  it('is taken as it is, and makes no file', async () => {
    const secret = 'x'.repeat(32);
    expect((await readMasterSecret(folder, secret)).toString()).toBe(secret);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is refused below 32 bytes, without being repeated', async () => {
    const error = await readMasterSecret(folder, 'y'.repeat(31)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SECRET_INVALID', message: expect.stringContaining('31 bytes') });
    expect(String(error)).not.toContain('yyyy');
  });
});

describe('the master secrets', () => {
  const sources = () => ({ folder, secret: undefined, previousSecret: undefined, isShared: false });
  const [young, old] = ['n'.repeat(32), 'o'.repeat(32)];

  it('are the one that seals and those before it', async () => {
    const secrets = await readMasterSecrets({ ...sources(), secret: young, previousSecret: old });
    expect(secrets.map(String)).toEqual([young, old]);
  });

  it('take a file that was set aside', async () => {
    const before = await readMasterSecret(folder, undefined);
    await rename(join(folder, SECRET_FILE), join(folder, PREVIOUS_SECRET_FILE));
    const [first, second, ...more] = await readMasterSecrets(sources());
    expect(first.equals(before)).toBe(false);
    expect(second?.equals(before)).toBe(true);
    expect(more).toEqual([]);
    const seal = createSeal(before).seal(Buffer.from('session'), 'test');
    expect(createSeal(first, before).open(seal, 'test')?.toString()).toBe('session');
  });

  it('must be given where other machines need the same', async () => {
    await expect(readMasterSecrets({ ...sources(), isShared: true })).rejects.toMatchObject({
      code: 'SECRET_INVALID',
      message: expect.stringContaining('GATEWARD_SECRET'),
    });
    expect(await readdir(folder)).toEqual([]);
    expect(await readMasterSecrets({ ...sources(), secret: young, isShared: true })).toHaveLength(1);
  });

  it('are refused below 32 bytes, the one before too', async () => {
    const error = await readMasterSecrets({ ...sources(), previousSecret: 'y'.repeat(31) }).catch(String);
    expect(error).toContain('GATEWARD_SECRET_PREVIOUS has 31 bytes');
    expect(error).not.toContain('yyyy');
  });

  it('are refused in a file that others may read', async () => {
    await readMasterSecret(folder, undefined);
    await rename(join(folder, SECRET_FILE), join(folder, PREVIOUS_SECRET_FILE));
    await chmod(join(folder, PREVIOUS_SECRET_FILE), 0o644);
    await expect(readMasterSecrets(sources())).rejects.toMatchObject({ code: 'SECRET_INVALID' });
  });
});

describe('the administrator’s key for commands', () => {
  it('is missed in words that say where it comes from', async () => {
    await expect(readAdminKey(join(folder, ADMIN_KEY_FILE))).rejects.toMatchObject({
      code: 'ADMIN_KEY_REQUIRED',
      message: expect.stringContaining('first starts'),
    });
  });
});
