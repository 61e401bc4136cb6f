import { describe, expect, it } from 'vitest';
import { CLIENTS, findClient, listClientFiles } from './list-client-files.ts';
import type { Place } from './place-file.ts';

const place = (platform: NodeJS.Platform, more: Partial<Place> = {}): Place => ({
  home: platform === 'win32' ? 'C:\\Users\\ann' : '/home/ann',
  platform,
  projects: [],
  variables: {},
  ...more,
});
const pathsOf = (where: Place, client: string): string[] =>
  listClientFiles(where, [client]).map(({ path }) => path);

describe('listClientFiles', () => {
  it.each(['linux', 'darwin', 'win32'] as const)(
    'places every file of every client on %s, each once',
    (platform) => {
      const paths = listClientFiles(place(platform, { projects: ['/work/a'] })).map(({ path }) => path);
      expect(new Set(paths).size).toBe(paths.length);
      for (const path of paths) expect(path).toMatch(/^(?:[\\/]|C:\\)[^{}]+$/);
    },
  );

  it('knows each client by one id', () => {
    expect(new Set(CLIENTS.map(({ id }) => id)).size).toBe(CLIENTS.length);
    expect(findClient('codex')?.name).toBe('Codex');
  });

  it('follows the folders of each system', () => {
    expect(pathsOf(place('linux'), 'claude-desktop')).toEqual([
      '/home/ann/.config/Claude/claude_desktop_config.json',
    ]);
    expect(pathsOf(place('darwin'), 'claude-desktop')).toEqual([
      '/home/ann/Library/Application Support/Claude/claude_desktop_config.json',
    ]);
    expect(pathsOf(place('win32'), 'claude-desktop')).toEqual([
      'C:\\Users\\ann\\AppData\\Roaming\\Claude\\claude_desktop_config.json',
    ]);
  });

  it('follows variables that move folders', () => {
    const variables = {
      CODEX_HOME: '/x/codex',
      CLAUDE_CONFIG_DIR: '/x/claude',
      XDG_CONFIG_HOME: '/x/config',
    };
    const moved = place('linux', { variables });
    expect(pathsOf(moved, 'codex')).toContain('/x/codex/config.toml');
    expect(pathsOf(moved, 'claude-code')).toContain('/x/claude/settings.json');
    expect(pathsOf(moved, 'zed')).toEqual(['/x/config/zed/settings.json']);
  });

  it('takes the files of each project', () => {
    const paths = pathsOf(place('linux', { projects: ['/a', '/b'] }), 'cursor');
    expect(paths).toEqual(expect.arrayContaining(['/a/.cursor/mcp.json', '/b/.cursor/mcp.json']));
  });
});
