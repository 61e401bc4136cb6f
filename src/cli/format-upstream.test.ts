import { expect, it } from 'vitest';
import { formatUpstream } from './format-upstream.ts';

it('says how many things are held, by whatever decision, and where to read them', () => {
  const upstream = { name: 'files', state: 'up', target: 'https://files.example.com/mcp' };
  expect(formatUpstream({ ...upstream, held: 2 })).toMatch(
    /\n {4}2 held, waiting or rejected: gateward server diff files$/,
  );
  expect(formatUpstream({ ...upstream, held: 0 })).not.toContain('held');
});
