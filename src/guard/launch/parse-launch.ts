import type { EnvEntry, Launch } from './launch.ts';
import type { Finding } from './rules.ts';

/** A launch, or where a value is none. */
export type ParsedLaunch = { readonly launch: Launch } | { readonly finding: Finding };

/**
 * Reads a launch from a value of JSON, as client configurations write it: `{ command, args, env, cwd }`, where all but the
 * command may be missing or null, and numbers and booleans in `env` stand for their text. Other keys say nothing about
 * what is started. Never throws.
 */
export function parseLaunch(value: unknown): ParsedLaunch {
  if (typeof value !== 'object' || value === null) return malformed();
  const { command, args, env, cwd }: Record<string, unknown> = { ...value };
  if (typeof command !== 'string') return malformed('command');
  const list = args ?? [];
  if (!isTextList(list)) return malformed('args');
  const entries = readEnv(env ?? {});
  if (entries === undefined) return malformed('env');
  const folder = cwd ?? undefined;
  if (folder !== undefined && typeof folder !== 'string') return malformed('cwd');
  return { launch: { command, args: list, env: entries, cwd: folder } };
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function readEnv(value: unknown): EnvEntry[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries: EnvEntry[] = [];
  for (const [name, content] of Object.entries(value)) {
    if (!['string', 'number', 'boolean'].includes(typeof content)) return undefined;
    entries.push({ name, value: String(content) });
  }
  return entries;
}

function malformed(at?: string): ParsedLaunch {
  return { finding: { rule: 'launch.malformed', ...(at === undefined ? {} : { at }) } };
}
