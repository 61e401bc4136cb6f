import type { JsonText } from '../../lib/json-text.ts';

/** What one legacy revision knows, for the edge that speaks it to clients. */
export interface Revision {
  readonly version: string;
  /** Arrays of messages are taken and answered (2025-03-26 basic §Batching). */
  readonly batches: boolean;
  /** Streams of POSTs begin with an empty event that carries an id and `retry`. Older clients crash on empty data. */
  readonly primes: boolean;
  /** Content blocks of results and prompts: the block itself, or what stands in for it where it is unknown. */
  readonly contentBlock: (block: JsonText) => JsonText;
  /** Clients read `structuredContent`; others are told the same in a text block. */
  readonly structured: boolean;
  /** `params` of a form elicitation, or the capability that the revision lacks for it. */
  readonly elicitForm: (params: JsonText) => JsonText | Lacking;
  readonly elicitUrl: boolean;
  /** `params` of a sampling request, or the capability that the revision lacks for it. */
  readonly createMessage: (params: JsonText) => JsonText | Lacking;
  /** Clients declare `sampling.context`, and without it are asked for no context of servers. */
  readonly declaresContext: boolean;
  /** Tool calls can become tasks (2025-11-25 basic/utilities/tasks). */
  readonly tasks: boolean;
}

/** A client capability that a request would need and that cannot be had, such as `elicitation.url`. */
export interface Lacking {
  readonly lacking: string;
}

const same = (json: JsonText): JsonText => json;

/** 2025-11-25 says everything that the inside can ask or answer. */
export const REV_2025_11_25: Revision = {
  version: '2025-11-25',
  batches: false,
  primes: true,
  contentBlock: same,
  structured: true,
  elicitForm: same,
  elicitUrl: true,
  createMessage: same,
  declaresContext: true,
  tasks: true,
};
