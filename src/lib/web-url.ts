import { hasHidden } from './hidden-text.ts';

/**
 * Whether a person may be asked to open an address that a server names: http or https, no credentials, nothing that
 * cannot be seen. A browser started with any other scheme may run what it names.
 */
export function isOpenableUrl(text: string): boolean {
  if (hasHidden(text) || /[\s\\]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}

/** Whether an address may stand as an icon: https, or an image in the address itself (2026-07-28 basic §icons). */
export function isIconSource(text: string): boolean {
  if (hasHidden(text)) return false;
  return /^data:image\//i.test(text) || (isOpenableUrl(text) && new URL(text).protocol === 'https:');
}
