import { describe, expect, it } from 'vitest';
import { createMemoryUpstream } from '../../test/support/memory-source.ts';
import { selectFrom } from './select.ts';

const { takes } = selectFrom(createMemoryUpstream('a'), {
  resources: ['file:///public/*', 'file:///my%20notes/*', 'note:///{id}'],
});

describe('what a server takes of resources', () => {
  it.each([
    'file:///public/a.txt',
    'file:///public/sub/../a.txt',
    'file:///public/..a',
    'file:///public/50%25',
    'file:///my%20notes/a',
    'file:///my%20notes/%C3%A4',
  ])('is what its patterns name: %s', (uri) => {
    expect(takes('resources', uri)).toBe(true);
  });

  it.each([
    'file:///key',
    'file:///public/../key',
    'file:///public/%2e%2e/key',
    'file:///public/..%2fkey',
    'file:///public\\..\\key',
    'file:///public/.\t./key',
    'file:///my%20notes/../key',
  ])('is not what leads out of them: %s', (uri) => {
    expect(takes('resources', uri)).toBe(false);
  });

  it('is templates by the same patterns', () => {
    expect(takes('templates', 'note:///{id}')).toBe(true);
    expect(takes('templates', 'file:///public/{+path}')).toBe(true);
    expect(takes('templates', 'file:///public/../{path}')).toBe(false);
  });
});
