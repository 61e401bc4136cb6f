import type { Finding, Severity } from '../../guard/scan/rule.ts';
import { nameCharacter } from '../../lib/hidden-text.ts';

const ORDER: readonly Severity[] = ['block', 'warn', 'info'];

/** The findings, the gravest first, otherwise in their order. */
export function bySeverity<F extends Finding>(findings: readonly F[]): F[] {
  return findings.toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}

/** What a stranger wrote, safe for a terminal: characters that cannot be seen are named. */
export function showText(text: string): string {
  return text.replaceAll(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu, (char) =>
    char === ' ' ? char : `<${nameCharacter(char)}>`,
  );
}
