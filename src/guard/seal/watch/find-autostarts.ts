import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readSmall } from './read-small.ts';
import { makeTellingTest, type Suspect, type Trail } from './suspect.ts';

const MAX_FILES = 200;

/** Files that shells read at their start. */
const PROFILES: readonly string[] = [
  '.bashrc',
  '.bash_profile',
  '.bash_login',
  '.profile',
  '.zshrc',
  '.zshenv',
  '.zprofile',
  '.zlogin',
  '.config/fish/config.fish',
  '.npmrc',
];
/** Folders of what starts by itself, for this user: systemd, desktops, launchd, fish. */
const FOLDERS: readonly string[] = [
  '.config/systemd/user',
  '.config/autostart',
  '.config/fish/conf.d',
  'Library/LaunchAgents',
];
/** Tables of cron that this user may be able to read. */
const SYSTEM: readonly string[] = ['/etc/cron.d', '/var/spool/cron/crontabs', '/var/spool/cron'];

/** What starts by itself and names a file, or what was written there: profiles of shells, timers, cron. */
export async function findAutostarts(trail: Trail): Promise<readonly Suspect[]> {
  const folders = [...FOLDERS.map((folder) => join(trail.home, folder)), ...SYSTEM];
  const listed = await Promise.all(folders.map(filesIn));
  const files = [...PROFILES.map((name) => join(trail.home, name)), '/etc/crontab', ...listed.flat()];
  const isTelling = makeTellingTest(trail);
  const found: Suspect[] = [];
  for (const file of files.slice(0, MAX_FILES)) {
    const text = await readSmall(file);
    if (!trail.paths.includes(file) && isTelling(text))
      found.push({ evidence: 'mentions', kind: 'autostart', what: file });
  }
  return found;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.sort().map((name) => join(folder, name));
}
