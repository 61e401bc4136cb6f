/**
 * Runs an import and kills its own process, as nobody can prevent, before one of its writes:
 *   node kill-at-write.ts CONFIG HOME INDEX
 * Ends with 0 if there are not so many writes.
 */

import { createDisk, type Disk } from '../../../src/cli/config-file/disk.ts';
import { openConfigFile } from '../../../src/cli/config-file/open-config-file.ts';
import { SecretFiles } from '../../../src/cli/config-file/secret-files.ts';
import { Backups } from '../../../src/cli/import/backup.ts';
import { carryOut } from '../../../src/cli/import/carry-out.ts';
import { findServers } from '../../../src/cli/import/find-servers.ts';
import { planImport } from '../../../src/cli/import/plan-import.ts';
import { readEnvironment } from '../../../src/config/env.ts';
import { listClientFiles } from '../../../src/guard/seal/list-client-files.ts';

const [config = '', home = '', index = ''] = process.argv.slice(2);
const environment = readEnvironment();
let left = Number(index);

/** Counts every change of the disk, and dies at one of them. */
function deadly(disk: Disk): Disk {
  const at = (write: () => Promise<void>): Promise<void> => {
    if (left === 0) process.kill(process.pid, 'SIGKILL');
    left -= 1;
    return write();
  };
  return {
    read: (path) => disk.read(path),
    replace: (image, bytes) => at(() => disk.replace(image, bytes)),
    create: (path, bytes) => at(() => disk.create(path, bytes)),
    makeFolder: (path) => at(() => disk.makeFolder(path)),
    remove: (path) => at(() => disk.remove(path)),
  };
}

const disk = deadly(createDisk());
const edit = await openConfigFile(config, { environment, disk, mayBegin: true });
const { dataDir } = edit.loaded.config;
const target = { url: 'http://127.0.0.1:3232/mcp', node: process.execPath, program: '/gateward.js' };
const files = listClientFiles({ home, platform: process.platform, projects: [], variables: {} });
const found = await findServers(files, [target.url]);
const secrets = await SecretFiles.open({ dataDir, configFile: config });
const plan = await planImport({ found, edit, secrets, target, environment, home });
const backups = await Backups.open(dataDir, environment);
const clientDisk = deadly(createDisk('CLIENT_CONFIG_INVALID'));
await carryOut(plan, { edit, secrets, backups, environment, disk, clientDisk, now: Date.now() });
