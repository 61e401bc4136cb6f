import { expect, it } from 'vitest';
import { isIconSource, isOpenableUrl } from './web-url.ts';

const UNSAFE = [
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'java\tscript:alert(1)',
  ' javascript:alert(1)',
  '\u0001javascript:alert(1)',
  'data:text/html,<script>',
  'file:///etc/passwd',
  'vbscript:x',
  'ftp://example.com/',
  'ws://example.com/',
  'ms-msdt:/id',
  'vscode://x/y',
  'intent://x#Intent;end',
  'blob:https://example.com/x',
  'view-source:https://example.com/',
  'https://user@example.com/',
  'https://user:password@example.com/',
  'https://example.com@evil.example/',
  'https:\\\\example.com\\',
  'https://example.com/\u202egpj.exe',
  'https://exa\u200bmple.com/',
  'https://example.com/ x',
  'https://',
  '//example.com/',
  '/path',
  '',
];

it.each(UNSAFE)('%j can be neither opened nor shown as an icon', (text) => {
  expect([isOpenableUrl(text), isIconSource(text)]).toEqual([false, false]);
});

it.each([
  ['https://example.com/a?b=c#d', true, true],
  ['http://127.0.0.1:8080/callback', true, false],
  ['https://xn--bcher-kva.example/', true, true],
  ['https://bücher.example/straße', true, true],
  ['data:image/png;base64,AAAA', false, true],
  ['DATA:image/svg+xml,<svg/>', false, true],
])('%j: opened %s, icon %s', (text, isOpenable, isIcon) => {
  expect([isOpenableUrl(text), isIconSource(text)]).toEqual([isOpenable, isIcon]);
});
