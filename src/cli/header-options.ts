import { validateHeaderName, validateHeaderValue } from 'node:http';
import { GatewardError } from '../errors.ts';

/**
 * Reads `--header "NAME: VALUE"`. `${VARIABLE}` in a value stands for what the environment holds, so that a secret need
 * not stand on a command line, which other users of the machine may see.
 *
 * @throws GatewardError CONFIG_INVALID, which never repeats a value.
 */
export function readHeaderOptions(
  options: readonly string[],
  variables: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const option of options) {
    const colon = option.indexOf(':');
    if (colon < 1) throw invalid('--header takes "NAME: VALUE".');
    const name = option.slice(0, colon).trim().toLowerCase();
    const value = option
      .slice(colon + 1)
      .trim()
      .replace(/\$\{(\w+)\}/g, (_, variable: string) => {
        const found = variables[variable];
        if (found === undefined) throw invalid(`The environment variable ${variable} is not set.`);
        return found;
      });
    try {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    } catch (cause) {
      throw invalid(`The header ${JSON.stringify(name)} cannot be sent.`, cause);
    }
    headers[name] = value;
  }
  return headers;
}

function invalid(detail: string, cause?: unknown): GatewardError {
  return new GatewardError('CONFIG_INVALID', { detail, cause });
}
