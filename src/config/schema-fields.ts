/** The kinds of value that the configuration schema is made of. */
import { isIP } from 'node:net';
import { z } from 'zod';

/** Names of upstreams and servers: they stand in URLs and before `__` in tool names. */
export const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** The server at `/mcp`. No upstream may have this name. */
export const MERGED_SERVER = 'all';

/** A whole number with bounds. The unit stands in the key's name and in its description. */
export function wholeNumber(min: number, max: number): z.ZodInt {
  return z.int().min(min).max(max);
}

/** A duration in milliseconds, at most 24.8 days: what a timer of Node.js can hold. */
export function milliseconds(min = 1): z.ZodInt {
  return wholeNumber(min, 2_147_483_647);
}

/** A name of an upstream or a server. */
export const nameField = z
  .string()
  .regex(
    NAME_PATTERN,
    'use 1 to 32 of a-z, 0-9 and "-", and begin with a letter or a digit: the name stands in URLs and in tool names',
  );

/** Text that is not empty. */
export function textField(maxLength: number): z.ZodString {
  return z.string().min(1).max(maxLength);
}

/** The path of a file or folder. A relative one starts from the folder of the configuration file. */
export const pathField = textField(4096).refine(
  (path) => !path.includes('\0'),
  'must not hold a NUL character',
);

/** An `http:` or `https:` URL, given by its text. */
export const httpUrlField = textField(8192).superRefine((text, context) => {
  const message = faultOfHttpUrl(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message, input: text });
});

function faultOfHttpUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a whole URL, such as https://example.com/mcp';
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  return undefined;
}

/** True if the text is an IP address or a network such as `10.0.0.0/8`. */
export function isAddressOrNetwork(text: string): boolean {
  const [address = '', prefix, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

/** Header names to values. */
export const headersField = z.record(z.string(), z.string());

/** Names of environment variables to values. */
export const environmentField = z.record(
  z.string().regex(/^[^=\0]+$/, 'is not a name of an environment variable'),
  z.string().refine((value) => !value.includes('\0'), 'must not hold a NUL character'),
);

/** Names to choose by, each with `*` for any run of characters. */
export const globsField = z.array(textField(512)).max(10_000);
