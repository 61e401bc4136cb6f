import type { Finding } from './rules.ts';

/** One known option: it stands alone, may have any value after `=`, or must have one that passes. */
export type OptionRule = 'flag' | 'flag-or-value' | ((value: string) => Finding['rule'] | undefined);

/** Options that stand alone. */
export function switches(...names: readonly string[]): Record<string, OptionRule> {
  return Object.fromEntries(names.map((name) => [name, 'flag']));
}

/** Options up to the first word that is none. */
export interface ReadOptions {
  /** Where the first word that is no option stands; the length of the arguments if there is none. */
  readonly next: number;
  readonly findings: readonly Finding[];
}

/** The options of a launcher that are known, and what to say of the others. */
export interface OptionTable {
  readonly known: Readonly<Record<string, OptionRule>>;
  /** The rule for an option that is not known. */
  judgeUnknown(option: string): Finding['rule'];
}

/**
 * Reads the options before the first word. An unknown one ends the reading, since nobody can tell whether the next
 * word is its value: what comes after is not judged, and the launch is not accepted.
 */
export function readOptions(
  args: readonly string[],
  from: number,
  { known, judgeUnknown }: OptionTable,
): ReadOptions {
  const findings: Finding[] = [];
  let next = from;
  for (let arg = args[next]; arg?.startsWith('-'); arg = args[next]) {
    if (arg === '--') return { next: next + 1, findings };
    const equals = arg.startsWith('--') ? arg.indexOf('=') : -1;
    const name = equals === -1 ? arg : arg.slice(0, equals);
    const option = Object.hasOwn(known, name) ? known[name] : undefined;
    if (option === undefined || (option === 'flag' && equals !== -1))
      return {
        next: args.length,
        findings: [...findings, { rule: judgeUnknown(name), at: `args[${next}]` }],
      };
    if (typeof option === 'function') {
      if (equals === -1) next += 1;
      const value = equals === -1 ? args[next] : arg.slice(equals + 1);
      const rule = value === undefined ? judgeUnknown(name) : option(value);
      if (rule !== undefined) findings.push({ rule, at: `args[${Math.min(next, args.length - 1)}]` });
    }
    next += 1;
  }
  return { next, findings };
}
