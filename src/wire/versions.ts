/** The revisions of the modern era that are served, the preferred one first. */
export const MODERN_VERSIONS: readonly string[] = ['2026-07-28'];

const FIRST_MODERN = '2026-07-28';
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** True for a revision of the modern era, served or not. Revisions are dates, so they sort as texts. */
export function isModernVersion(version: string): boolean {
  // The common revision needs no pattern.
  return version === FIRST_MODERN || (version > FIRST_MODERN && DATE.test(version));
}
