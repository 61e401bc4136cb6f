import { describe, expect, it } from 'vitest';
import { addUpstream, removeUpstream } from './edit-config-text.ts';

const ENTRY = { command: 'npx', args: ['-y', 'notes-mcp@1.2.3'], env: { TOKEN: '${file:data/secrets/a}' } };
const FILE = `# mine
listen: { host: 127.0.0.1, port: 3232 }   # here

upstreams:
    # the first
    github: { url: "https://api.example.com/mcp/", headers: { Authorization: "Bearer \${TOKEN}" } }

    files:
        command: npx
        # in files

# about servers
servers:
    research: { from: { files: {} } }
`;
const ADDED = `    new:
        command: npx
        args: [-y, notes-mcp@1.2.3]
        env:
            TOKEN: \${file:data/secrets/a}
`;

describe('addUpstream', () => {
  it('puts an upstream behind the last and touches no other line', () => {
    expect(addUpstream(FILE, 'new', ENTRY)).toBe(FILE.replace('# in files\n', `# in files\n${ADDED}`));
  });

  it.each([
    ['', 'upstreams:\n  a:\n    url: http://x/\n'],
    ['# only a comment\n', '# only a comment\nupstreams:\n  a:\n    url: http://x/\n'],
    ['listen: { port: 1 }', 'listen: { port: 1 }\nupstreams:\n  a:\n    url: http://x/\n'],
    ['upstreams: {} # none\n', 'upstreams:\n  a:\n    url: http://x/\n  # none\n'],
    ['upstreams:\n', 'upstreams:\n  a:\n    url: http://x/\n'],
    ['{"upstreams":{}}', JSON.stringify({ upstreams: { a: { url: 'http://x/' } } }, null, 2)],
  ])('begins the list in %j', (before, after) => {
    expect(addUpstream(before, 'a', { url: 'http://x/' })).toBe(after);
  });

  it.each(['\u00a0', 'a\u2003'])('touches no other line for a value that ends in a blank: %j', (value) => {
    const after = addUpstream(FILE, 'new', { command: 'npx', env: { VALUE: value } }).split('\n');
    expect(after).toEqual(expect.arrayContaining(FILE.split('\n')));
  });

  it('refuses a file whose upstreams are an alias of something else', () => {
    expect(() => addUpstream('x: &x { b: { url: "http://y" } }\nupstreams: *x\n', 'a', ENTRY)).toThrow(
      /by hand/,
    );
  });
});

describe('removeUpstream', () => {
  it('takes out the lines of one upstream and keeps comments above it', () => {
    const without = removeUpstream(FILE, 'github');
    expect(without).toBe(
      FILE.split('\n')
        .filter((line) => !line.includes('github:'))
        .join('\n'),
    );
  });

  it('leaves an empty list behind the last one', () => {
    expect(removeUpstream('upstreams:\n  a: { url: "http://x" }\n', 'a')).toBe('upstreams: {}\n');
  });
});
