import { expect, it } from 'vitest';
import type { Change } from '../guard/seal/compare-file.ts';
import { describeEvent, eventToJson } from './seal-events.ts';

const added: Change = {
  file: {
    client: 'codex',
    path: '/home/me/.codex/config.toml',
    format: 'toml',
    scope: 'user',
    selectors: [],
  },
  kind: 'server',
  what: 'added',
  path: ['mcp_servers', 'notes'],
  pointer: '/mcp_servers/notes',
  name: 'notes',
  level: 'question',
  reason: 'A new server. Did you add it?',
  digest: 'd',
};
const changed: Change = { ...added, what: 'changed', level: 'alarm' };
const unreadable: Change = { ...changed, kind: 'file', what: 'unreadable' };

it.each([
  ['question', added, 'If this was you: gateward seal'],
  ['alarm', changed, 'If this was you: gateward seal --accept'],
  ['alarm', unreadable, 'Put the file right: nothing in it can be judged until then.'],
] as const)(
  'the advice helps where it is given, for people and for programs: %s %#',
  (event, change, advice) => {
    const told = { event, change, reassertions: 0, changedAtMs: 0 };
    expect(describeEvent(told).split('\n').at(-1)).toBe(`    ${advice}`);
    expect(eventToJson(told)).toMatchObject({ advice });
  },
);
