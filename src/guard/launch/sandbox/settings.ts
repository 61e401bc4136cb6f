import type { SandboxConfig } from '../../../config/types.ts';

/** A path that is meant as it stands, whatever characters are in it. */
export interface LiteralPath {
  readonly path: string;
  readonly literal: true;
}

/** The settings of sandbox-runtime's `srt`, as far as they are used. What it does not find here is at its strictest. */
export interface SandboxSettings {
  readonly network: { readonly allowedDomains: readonly string[]; readonly deniedDomains: readonly string[] };
  readonly filesystem: {
    readonly denyRead: readonly LiteralPath[];
    readonly allowRead: readonly LiteralPath[];
    readonly allowWrite: readonly LiteralPath[];
    readonly denyWrite: readonly LiteralPath[];
  };
  readonly bwrapPath?: string;
  readonly socatPath?: string;
  readonly ripgrep?: { readonly command: string };
}

/** What settings are made of. All paths are absolute and without links. */
export interface SettingsParts {
  readonly profile: Pick<SandboxConfig, 'write' | 'hide' | 'hosts'>;
  /** The upstream's own folder, which it may write to. */
  readonly privateFolder: string;
  /** What no upstream may read: what the gateway keeps for itself. */
  readonly hidden: readonly string[];
  /** Folders for temporary files, which are shown empty. */
  readonly temporary: readonly string[];
  /** What must be readable for anything to start, even where a folder above is hidden. */
  readonly needed: readonly string[];
  /** Absolute paths of the programs that make the sandbox; undefined where the system has its own. */
  readonly programs: { readonly bwrap: string; readonly socat: string; readonly rg: string } | undefined;
}

/**
 * The settings for one profile. Reading is allowed but for what is hidden, and what is more exact wins: a needed or
 * writable path inside a hidden folder is there, a hidden path inside a writable one is not. Writing is refused but for
 * what is writable. Without hosts there is no network.
 */
export function sandboxSettings(parts: SettingsParts): SandboxSettings {
  const { profile, privateFolder, programs } = parts;
  const writable = [privateFolder, ...profile.write];
  const secret = [...parts.hidden, ...profile.hide];
  return {
    network: { allowedDomains: profile.hosts, deniedDomains: [] },
    filesystem: {
      denyRead: literal([...parts.temporary, ...secret]),
      allowRead: literal([...parts.needed, ...writable]),
      allowWrite: literal(writable),
      // A refusal above a writable folder would win over it.
      denyWrite: literal(secret.filter((path) => !writable.some((folder) => isInside(folder, path)))),
    },
    ...(programs && {
      bwrapPath: programs.bwrap,
      socatPath: programs.socat,
      ripgrep: { command: programs.rg },
    }),
  };
}

/** Whether `path` is `folder` or lies below it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function literal(paths: readonly string[]): LiteralPath[] {
  return [...new Set(paths)].map((path) => ({ path, literal: true }));
}
