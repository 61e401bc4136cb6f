import { expect, it } from 'vitest';
import { makeRecipes } from './recipes.ts';

const recipes = (withKey: boolean) =>
  makeRecipes({ url: 'http://127.0.0.1:1/mcp', node: '/bin/node', command: '/gateward.js', withKey });

it('shows where the key goes in each way to connect, where clients need one', () => {
  for (const { client, text } of recipes(true)) expect(`${client}: ${text}`).toContain('gwk_...');
  expect(recipes(true)[0]?.text).toMatch(/ --header "Authorization: Bearer gwk_\.\.\."$/);
});

it('says nothing of keys where clients need none', () => {
  expect(JSON.stringify(recipes(false))).not.toMatch(/gwk_|Authorization|GATEWARD_KEY/);
});
