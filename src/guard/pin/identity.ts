import type { UpstreamConfig } from '../../config/types.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { digestBody } from './digest-definition.ts';

/** Who an upstream is, as an approval covers it. */
export interface Identity {
  readonly digest: string;
  /** Canonical JSON. What was substituted into arguments stands there as its reference. */
  readonly body: string;
}

/**
 * Who answers under an upstream's name: the origin of its URL, or its command and arguments. What program the command
 * is, down to its bytes, is the approval of the launch.
 */
export function identityOf(config: UpstreamConfig): Identity {
  const body = canonicalJson(
    config.kind === 'http' ? { origin: new URL(config.url).origin } : launchOf(config),
  );
  return { digest: digestBody(body), body };
}

function launchOf({ command, args, references }: UpstreamConfig & { kind: 'stdio' }): object {
  return {
    command: command.toWellFormed(),
    args: args.map((arg, index) => (references.args[index] ?? arg).toWellFormed()),
  };
}
