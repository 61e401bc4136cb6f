import { posix, win32 } from 'node:path';
import type { FileDescription } from './client-file.ts';

/** The machine as clients see it. */
export interface Place {
  /** Absolute path of the home folder. */
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** Absolute paths of project folders. */
  readonly projects: readonly string[];
  /** Variables of the environment: those that move configuration folders are followed. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/**
 * The absolute paths of a described file: one, or one in each project. `{HOME}` is the home folder. `{APP}` is where
 * desktop programs keep theirs: XDG_CONFIG_HOME or ~/.config, ~/Library/Application Support on macOS, APPDATA on
 * Windows. `{CONFIG}` is the same but for macOS, where it is ~/.config too. `{CLAUDE}` and `{CODEX}` are folders that
 * CLAUDE_CONFIG_DIR and CODEX_HOME move. `{PROJECT}` is each project.
 */
export function placeFile({ path, windows }: FileDescription, place: Place): string[] {
  const { join } = place.platform === 'win32' ? win32 : posix;
  const template = place.platform === 'win32' && windows !== undefined ? windows : path;
  const [, root = '', rest = ''] = /^\{([A-Z]+)\}\/(.*)$/.exec(template) ?? [];
  return foldersOf(root, place, join).map((folder) => join(folder, ...rest.split('/')));
}

type Join = (...parts: readonly string[]) => string;

function foldersOf(root: string, place: Place, join: Join): readonly string[] {
  const { home, platform, projects, variables } = place;
  const appData = variables['APPDATA'] ?? join(home, 'AppData', 'Roaming');
  const config = platform === 'win32' ? appData : (variables['XDG_CONFIG_HOME'] ?? join(home, '.config'));
  switch (root) {
    case 'HOME':
      return [home];
    case 'APP':
      return [platform === 'darwin' ? join(home, 'Library', 'Application Support') : config];
    case 'CONFIG':
      return [config];
    case 'CLAUDE':
      return [variables['CLAUDE_CONFIG_DIR'] ?? join(home, '.claude')];
    case 'CODEX':
      return [variables['CODEX_HOME'] ?? join(home, '.codex')];
    case 'PROJECT':
      return projects;
    default:
      throw new TypeError(`There is no folder {${root}}.`);
  }
}
