import { isIPv4, isIPv6 } from 'node:net';
import type { UpstreamGuardConfig } from '../../config/types.ts';
import type { Cut } from './cut.ts';

/** A kind of personal data that the operator may choose. */
export type PersonalKind = UpstreamGuardConfig['personal'][number];

interface PersonalRule {
  readonly pattern: RegExp;
  readonly isOne?: (found: string) => boolean;
}

/** What each kind looks like, and the sum that tells it from other digits. Every repetition has a bound. */
const RULES: Readonly<Record<PersonalKind, PersonalRule>> = {
  // RFC 5321 §4.1.2 without quoted forms, RFC 1035 §2.3.4
  email: {
    pattern:
      /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu,
  },
  // ITU-T E.164, and the North American plan without its country code
  phone: {
    pattern:
      /(?<![\w+])\+[1-9](?:[ ().\u00a0-]{0,2}\d){7,14}(?!\d)|(?<![\w+(.-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])/g,
  },
  // ISO/IEC 7812-1
  card: { pattern: /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])/g, isOne: passesLuhn },
  // ISO 13616-1
  iban: {
    pattern: /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?![A-Za-z0-9])/g,
    isOne: passesMod97,
  },
  // https://www.ssa.gov/employer/randomization.html
  ssn: { pattern: /(?<![\w-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g },
  // RFC 3986 §3.2.2, RFC 4291 §2.2
  ip: {
    pattern:
      /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3})(?![\w:])/g,
    isOne: (found) => isIPv4(found) || (isIPv6(found) && /[0-9A-Fa-f]/.test(found)),
  },
};

/** Finds personal data of the chosen kinds. Cuts of different kinds may overlap. */
export function findPersonal(text: string, kinds: readonly PersonalKind[]): Cut[] {
  const cuts: Cut[] = [];
  for (const kind of kinds) {
    const { pattern, isOne } = RULES[kind];
    for (const { 0: found, index } of text.matchAll(pattern)) {
      if (isOne?.(found) !== false) cuts.push({ rule: kind, start: index, end: index + found.length });
    }
  }
  return cuts;
}

/** ISO/IEC 7812-1 annex B. Only zeros are no card. */
function passesLuhn(found: string): boolean {
  const digits = [...found].filter((char) => char >= '0' && char <= '9').map(Number);
  if (digits.every((digit) => digit === digits[0])) return false;
  const sum = digits.reverse().reduce((total, digit, at) => {
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

/** ISO/IEC 7064, MOD 97-10. */
function passesMod97(found: string): boolean {
  const plain = found.replaceAll(/[ -]/g, '');
  let rest = 0;
  for (const char of plain.slice(4) + plain.slice(0, 4)) {
    const value = Number.parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}
