import { expect, it } from 'vitest';
import { nameInput } from './name-input.ts';

it('standard input has a name, and a file its own', () => {
  expect(['-', 'tools.json'].map(nameInput)).toEqual(['Standard input', 'tools.json']);
});
