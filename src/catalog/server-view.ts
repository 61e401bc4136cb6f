import {
  type AuthorizationContext,
  type Call,
  type LegacyCall,
  type LegacySession,
  OPERATOR,
  type Outcome,
  type Principal,
} from '../call.ts';
import type { CursorPosition } from './cursor.ts';

/** An upstream as the catalog sees it. */
export interface Source {
  readonly name: string;
  /** Everybody reaches it by the same credential, and nobody has a process of their own: one context for all. */
  readonly shared?: boolean;
  /** What the upstream speaks; undefined until it was reached. */
  era(): 'modern' | 'legacy' | undefined;
  /** Each legacy client's session has a process of its own, and only that one tells of its changes. */
  readonly perSession?: boolean;
  call(call: Call, context: AuthorizationContext): Promise<Outcome>;
}

/** The context of a caller at an upstream: what is kept of the upstream is kept by it. */
export function contextAt(
  { shared }: Pick<Source, 'shared'>,
  context: AuthorizationContext,
): AuthorizationContext {
  return shared === true ? OPERATOR : context;
}

/** The client's legacy session where its calls go to an upstream session or process that is its own. */
export function ownSession(source: Source, legacy: Call['legacy']): LegacySession | undefined {
  const isOwn = legacy !== undefined && (source.era() !== 'modern' || source.perSession === true);
  return isOwn ? legacy.session : undefined;
}

/** One question to a server: the call and who asks. */
export interface Asked {
  readonly call: Call;
  readonly principal: Principal;
  readonly context: AuthorizationContext;
  /** Where a list of a merged server goes on, when the call brought a cursor. */
  readonly position: CursorPosition | undefined;
}

/** Where a call goes. */
export type Routed =
  | {
      readonly kind: 'source';
      readonly source: Source;
      /** The call in the upstream's own names. */
      readonly call: Call;
      /** Puts this server's names back into what the upstream answered; undefined where nothing has to change. */
      readonly restore: ((outcome: Outcome) => Outcome) | undefined;
    }
  | { readonly kind: 'catalog' };

/** What a client sees at one URL. */
export interface ServerView {
  readonly name: string;
  /** Exactly one upstream and names unchanged: cursors are the upstream's own. */
  readonly single: boolean;
  /**
   * Finds the upstream of a call. Throws UNKNOWN_TOOL, UNKNOWN_PROMPT, UNKNOWN_RESOURCE, METHOD_NOT_FOUND or
   * INVALID_PARAMS. A plain value where nothing has to be asked first, so that the usual call does not wait.
   */
  route(asked: Asked): Routed | Promise<Routed>;
  /** Answers what `route` left to the catalog: discover, lists and listen. */
  answer(asked: Asked): Promise<Outcome>;
}

/** Every server by name. */
export interface Catalog {
  server(name: string): ServerView | undefined;
  /** A legacy client's session calls an upstream: it is to hear of what changes there for it alone. */
  heed(source: Source, legacy: LegacyCall): void;
}
