import type { Inbound, Outcome } from '../call.ts';

/**
 * The doors: legacy Streamable HTTP, modern Streamable HTTP, HTTP+SSE of 2024-11-05; and the attempts of tasks, whose
 * clients may be gone.
 */
export type Door = 'LH' | 'MH' | 'SE' | 'TK';

/**
 * One row of the pipeline: an onion layer. It sees what is known so far and either answers, or calls `next` with what
 * it adds (which may replace what is there, such as a rewritten call) and may change the outcome on its way back.
 * `Needs` names the fields that must be known above it, so a wrong order of rows does not compile.
 */
export type Step<Needs extends object, Adds extends object> = (
  context: Needs,
  next: (added: Adds) => Promise<Outcome>,
) => Promise<Outcome>;

/** For a step that adds nothing. */
export type Nothing = Readonly<Record<never, never>>;

/** What every row knows: what the door handed in. */
export type Start = Inbound;
