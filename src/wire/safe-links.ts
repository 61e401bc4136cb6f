import { joinItems } from '../lib/json-edit.ts';
import type { JsonText } from '../lib/json-text.ts';
import { isIconSource, isOpenableUrl } from '../lib/web-url.ts';
import { META_KEYS } from './meta-keys.ts';

/**
 * A tool, prompt, resource, template or server without the icons that a client must not load: all but https and images
 * in the address itself (2026-07-28 basic §icons). Icons only adorn, so nothing else is lost with them.
 */
export function withSafeIcons(item: JsonText): JsonText {
  // A key may be written with escapes.
  if (!item.text.includes('icons') && !item.text.includes('\\u')) return item;
  const icons = item.get('icons');
  if (icons === undefined) return item;
  const before = icons.kind === 'array' ? icons.items() : [];
  const after = before.filter(
    (icon) => icon.kind === 'object' && isIconSource(icon.get('src')?.string() ?? ''),
  );
  if (icons.kind === 'array' && after.length === before.length) return item;
  if (after.length === 0) return item.with({ icons: undefined });
  return item.with({ icons: joinItems(after) });
}

/** A DiscoverResult whose server has no icon and no website that a client must not load or open. */
export function withSafeServerInfo(result: JsonText): JsonText {
  const meta = result.get('_meta');
  const info = meta?.get(META_KEYS.serverInfo);
  if (meta === undefined || info?.kind !== 'object') return result;
  const site = info.get('websiteUrl');
  const isSafe = site === undefined || isOpenableUrl(site.string() ?? '');
  const safe = withSafeIcons(isSafe ? info : info.with({ websiteUrl: undefined }));
  return safe === info ? result : result.with({ _meta: meta.with({ [META_KEYS.serverInfo]: safe }) });
}
