import { type FSWatcher, watch } from 'node:fs';

/** Folders that are watched for changes. */
export interface FolderWatch {
  /** Watches the folders that are there now and were not before. */
  refresh(): void;
  close(): void;
}

/**
 * Tells of changes in folders as soon as the system does. It is a way to be quick, not to be sure: folders may be
 * missing or moved, and network file systems say nothing, so whoever uses it looks by itself as well.
 */
export function watchFolders(folders: readonly string[], onChange: () => void): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  const add = (folder: string): void => {
    try {
      const watcher = watch(folder, { persistent: false }, onChange);
      watcher.on('error', () => drop(folder));
      watchers.set(folder, watcher);
    } catch {
      // Not there, or the system has no more watches to give.
    }
  };
  const refresh = (): void => {
    for (const folder of folders) if (!watchers.has(folder)) add(folder);
  };
  refresh();
  return {
    refresh,
    close: () => {
      for (const folder of [...watchers.keys()]) drop(folder);
    },
  };
}
