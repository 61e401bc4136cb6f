import type { LaunchPermit } from '../../launch-permit.ts';
import { type ProcessParts, StdioProcess } from './stdio-process.ts';

/** How a program ended. */
export interface ProgramResult {
  /** An exit code or the name of a signal. */
  readonly how: string;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;
}

/** Bytes of stderr that are kept. */
const MAX_KEPT_BYTES = 8192;

/**
 * Runs a program that reads nothing to its end; one that takes longer than `timeoutMs` is stopped. Throws LAUNCH_FAILED
 * if there is no such program.
 */
export async function runProgram(
  permit: LaunchPermit,
  parts: ProcessParts & { readonly timeoutMs: number },
): Promise<ProgramResult> {
  const ended = Promise.withResolvers<string>();
  let kept = Buffer.alloc(0);
  const running = await StdioProcess.start(
    permit,
    {
      onStdout: () => undefined,
      onStderr: (chunk) => {
        kept = Buffer.concat([kept, chunk]).subarray(-MAX_KEPT_BYTES);
      },
      onExit: ended.resolve,
    },
    parts,
  );
  const callOff = parts.clock.after(parts.timeoutMs, () => void running.stop());
  const how = await ended.promise;
  callOff();
  await running.stop();
  return { how, stderr: kept.toString() };
}
