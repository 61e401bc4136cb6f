import type { UpstreamGuardConfig } from '../../config/types.ts';

/** The rules that hold for texts. */
export type TextRules = Pick<UpstreamGuardConfig, 'injection' | 'hidden' | 'secrets' | 'personal'>;

/** Whether nothing is looked for but the label of the gateway, which no upstream may write. */
export function isAllOff({ injection, hidden, secrets, personal }: TextRules): boolean {
  return injection === 'off' && hidden === 'keep' && secrets === 'keep' && personal.length === 0;
}
