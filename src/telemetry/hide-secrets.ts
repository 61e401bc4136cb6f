const HIDDEN = '[hidden]';

/**
 * The text with each secret hidden, in the forms in which a line of a log may hold it: as it is, as JSON spells it, and
 * as a URL spells it. Give the longest secret first, so that none is cut by another.
 */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  let hidden = text;
  for (const secret of secrets) {
    for (const form of spellingsOf(secret)) hidden = hidden.replaceAll(form, HIDDEN);
  }
  return hidden;
}

function spellingsOf(secret: string): Set<string> {
  return new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())]);
}
