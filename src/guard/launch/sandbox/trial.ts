/** Whether a sandbox can run here, in words that say what to do. */
import type { MissingTool } from './find-tools.ts';

/** What is known of sandboxes on this machine. */
export type SandboxState =
  | { readonly can: true }
  | {
      readonly can: false;
      /** A sentence. */
      readonly reason: string;
      /** What to do; undefined where nothing helps. */
      readonly cure: string | undefined;
    };

/** How a program ended. */
export interface TrialResult {
  /** An exit code or the name of a signal. */
  readonly how: string;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;
}

const MAX_REASON_CHARACTERS = 400;
const SUPPORTED: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];

/** What a system says by its name alone: undefined if a sandbox may run on it. */
export function judgeSystem(system: string): SandboxState | undefined {
  if (SUPPORTED.includes(system)) return undefined;
  const reason = `There is no sandbox for ${system}, only for Linux and macOS on x64 and arm64.`;
  return { can: false, reason, cure: undefined };
}

/** What it means that programs are missing. */
export function stateWithout(missing: readonly MissingTool[]): SandboxState {
  const names = missing.map(({ name }) => name).join(', ');
  const packages = missing.map(({ packageName }) => packageName).join(' ');
  return {
    can: false,
    reason: `Not on the PATH of the gateway: ${names}.`,
    cure: `apt-get install ${packages} (Debian, Ubuntu), dnf install ${packages} (Fedora), or pacman -S ${packages} (Arch).`,
  };
}

/** What a trial run says. */
export function stateOfTrial({ how, stderr }: TrialResult): SandboxState {
  if (how === '0') return { can: true };
  const said = stderr.trim().replaceAll(/\s+/g, ' ').slice(-MAX_REASON_CHARACTERS);
  return {
    can: false,
    reason: `A trial run ended with ${how}${said === '' ? '.' : `: ${said}`}`,
    cure: 'The user of the gateway must be able to make user namespaces. See "Where it cannot run" in docs/sandbox.md.',
  };
}
