import { describe, expect, it } from 'vitest';
import { hook, protection, server, trust } from './client-file.ts';
import { concernsParts, findParts } from './find-parts.ts';

describe('findParts', () => {
  it('names each part by its place', () => {
    const document = {
      mcpServers: { 'a/b~c': { url: 'u' } },
      projects: { '/home/x': { hasTrustDialogAccepted: true, other: 1 } },
      hooks: { Start: [{ command: 'x' }] },
    };
    const selectors = [
      server('mcpServers', '*'),
      trust('projects', '*', 'hasTrustDialogAccepted'),
      hook('hooks', '*'),
    ];
    expect(findParts(document, selectors).map(({ kind, pointer, name }) => [kind, pointer, name])).toEqual([
      ['server', '/mcpServers/a~1b~0c', 'a/b~c'],
      ['trust', '/projects/~1home~1x/hasTrustDialogAccepted', 'projects./home/x.hasTrustDialogAccepted'],
      ['hook', '/hooks/Start', 'Start'],
    ]);
  });

  it('hides no item of a list behind another of its name', () => {
    const document = { servers: [{ name: 'a', url: '1' }, { name: 'a', url: '2' }, { url: '3' }] };
    expect(findParts(document, [server('servers', '*')]).map(({ name }) => name)).toEqual(['a', 'a#2', '#2']);
  });

  it('marks flags that say nothing, but not protections that are off', () => {
    const document = { a: false, b: [], c: {}, d: null, e: false };
    const selectors = [trust('a'), trust('b'), trust('c'), trust('d'), protection('e')];
    expect(findParts(document, selectors).map(({ isIdle }) => isIdle === true)).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('says which paths must be clear', () => {
    const selectors = [server('mcpServers', '*')];
    expect(concernsParts(['mcpServers'], selectors)).toBe(true);
    expect(concernsParts(['mcpServers', 'a', 'url'], selectors)).toBe(true);
    expect(concernsParts(['theme'], selectors)).toBe(false);
  });
});
