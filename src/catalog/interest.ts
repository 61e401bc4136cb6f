import type { AuthorizationContext, LegacyCall } from '../call.ts';
import type { ChangeEvent, ListenFilter } from './listen-filter.ts';
import type { Source } from './server-view.ts';

/** One client's interest in an upstream's changes. */
export interface Interest {
  readonly source: Source;
  readonly context: AuthorizationContext;
  readonly filter: ListenFilter;
  /** The call of a legacy client, whose upstream session may have changes of its own. */
  readonly legacy: LegacyCall | undefined;
  readonly onChange: (event: ChangeEvent) => void;
}
