import { describe, expect, it } from 'vitest';
import { compareNames } from './names.ts';

const rulesOf = (upstreams: Parameters<typeof compareNames>[0]): string[] =>
  compareNames(upstreams).map(({ upstream, index, rule }) => `${upstream}/${index} ${rule}`);

describe('names of tools of several upstreams', () => {
  it('blocks a name that looks like another', () => {
    const twins = [
      { upstream: 'bank', tools: [{ name: 'transfer_funds' }] },
      { upstream: 'rogue', tools: [{ name: 'tr\u0430nsfer_funds' }, { name: 'transfer_fund5' }] },
    ];
    expect(rulesOf(twins)).toEqual(['rogue/0 look-alike-name']);
  });

  it('takes 1 and l, 0 and O, rn and m for twins', () => {
    const twins = [
      { upstream: 'a', tools: [{ name: 'list_models' }, { name: 'get_zone' }] },
      { upstream: 'b', tools: [{ name: '1ist_models' }, { name: 'list_rnodels' }] },
    ];
    expect(rulesOf(twins)).toEqual(['b/0 look-alike-name', 'b/1 look-alike-name']);
  });

  it('warns of the same name at two upstreams', () => {
    const same = [
      { upstream: 'a', tools: [{ name: 'search' }] },
      { upstream: 'b', tools: [{ name: 'search' }] },
    ];
    expect(rulesOf(same)).toEqual(['b/0 same-name']);
  });

  it('warns of a text that speaks of the tool of another upstream, if its name is distinctive', () => {
    const texts = [
      { upstream: 'db', tools: [{ name: 'query_database' }, { name: 'models' }] },
      {
        upstream: 'x',
        tools: [
          { name: 'a', description: 'Call query_database first.' },
          { name: 'b', description: 'Lists models.' },
        ],
      },
    ];
    expect(rulesOf(texts)).toEqual(['x/0 names-other-tool']);
  });

  it('says nothing of honest neighbours', () => {
    const calm = [
      {
        upstream: 'a',
        tools: [{ name: 'list_files', description: 'See read_file.' }, { name: 'read_file' }],
      },
      { upstream: 'b', tools: [{ name: 'list_zones' }] },
    ];
    expect(rulesOf(calm)).toEqual([]);
  });
});
