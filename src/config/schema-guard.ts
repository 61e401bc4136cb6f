/** The parts of the configuration schema that describe the boundary of trust: launches, pins, scans. */
import { z } from 'zod';
import { globsField, pathField, textField, wholeNumber } from './schema-fields.ts';

/** `launch`: which commands may start without an approval, and what processes may use. */
export const launchSchema = z.strictObject({
  folders: z
    .array(pathField)
    .max(1000)
    .default([])
    .describe('Folders whose scripts may run under node, python, deno and bun without an approval.'),
  programs: z
    .array(textField(4096))
    .max(1000)
    .default([])
    .describe(
      'Programs that may run without an approval: absolute paths, or bare names as `command` writes them.',
    ),
  dangerouslyStartUnapproved: z
    .boolean()
    .default(false)
    .describe(
      'Starts every command of this file, whatever it is. Without it a command outside the grammar of `docs/launch.md` waits for `gateward server approve`.',
    ),
  maxMemoryBytes: wholeNumber(16_777_216, 1_099_511_627_776)
    .default(4_294_967_296)
    .describe('Bytes of memory that one process, with all that it started, may use. One with more is ended.'),
  maxOpenFiles: wholeNumber(64, 1_048_576)
    .default(4096)
    .describe('Files and sockets that one process may hold open, where the system can limit that.'),
});

/** `upstreams.NAME.sandbox` */
export const sandboxSchema = z.strictObject({
  write: z
    .array(pathField)
    .max(1000)
    .default([])
    .describe('Folders that the process may write to, beside its own private one. All else is read-only.'),
  hide: z
    .array(pathField)
    .max(1000)
    .default([])
    .describe('Files and folders that the process may not even read.'),
  hosts: z
    .array(textField(253))
    .max(1000)
    .default([])
    .describe(
      'Hosts that the process may connect to, such as `api.github.com` or `*.github.com`. None: no network.',
    ),
  ifMissing: z
    .enum(['refuse', 'start-without-sandbox'])
    .default('refuse')
    .describe('What becomes of the process where no sandbox can run.'),
});

const PINNED_KINDS = ['tools', 'prompts', 'resources', 'templates', 'instructions'] as const;

const pinFields = {
  mode: z
    .enum(['off', 'warn', 'enforce'])
    .describe(
      'What happens to definitions that are new or have changed: `enforce` keeps them from clients until they are approved, `warn` only logs them and lists them in `gateward server diff`, `off` does not look.',
    ),
  verify: z
    .enum(['on-list', 'each-call'])
    .describe(
      'When definitions are read again: `on-list` with every list and every change that the upstream announces, `each-call` before every call too.',
    ),
  firstSight: z
    .enum(['hold', 'approve'])
    .describe(
      'What `enforce` does with an upstream of which nothing was ever approved: `hold` waits for an approval, `approve` takes what it offers at first as approved.',
    ),
  kinds: z
    .array(z.enum(PINNED_KINDS))
    .max(PINNED_KINDS.length)
    .describe('What is pinned. Leave `resources` out for an upstream whose resources come and go.'),
};

/** `pins`: what holds for every upstream. */
export const pinsSchema = z.strictObject({
  mode: pinFields.mode
    .optional()
    .describe(`${pinFields.mode.description} Without it: \`enforce\` with \`auth.keys\`, else \`warn\`.`),
  verify: pinFields.verify.default('on-list'),
  firstSight: pinFields.firstSight.default('hold'),
  kinds: pinFields.kinds.default([...PINNED_KINDS]),
});

/** `upstreams.NAME.pins`: what differs for one upstream. */
export const upstreamPinsSchema = z.strictObject(pinFields).partial();

const guardFields = {
  definitions: z
    .enum(['off', 'warn', 'block'])
    .describe(
      'What happens to definitions that the scan would block: `block` keeps them from clients until they are approved, `warn` logs them.',
    ),
  injection: z
    .enum(['off', 'label', 'block'])
    .describe(
      'What happens to results in which the scan finds instructions for a model: `label` says so in `_meta`, `block` withholds them.',
    ),
  hidden: z
    .enum(['remove', 'show', 'keep'])
    .describe(
      'What happens to characters in results that cannot be seen, and to terminal escapes: `remove` them, `show` them as `<U+202E>`, or `keep` them.',
    ),
  secrets: z.enum(['redact', 'keep']).describe('What happens to keys, tokens and passwords in results.'),
  personal: z
    .array(z.enum(['email', 'phone', 'card', 'iban', 'ssn', 'ip']))
    .max(6)
    .describe('Personal data that is taken out of results.'),
  provenance: z
    .enum(['changed', 'always'])
    .describe(
      'Which results say in `_meta` which upstream they come from: those that were changed or labelled, or `always`.',
    ),
};

/** `guard`: what holds for every upstream. */
export const guardSchema = z.strictObject({
  definitions: guardFields.definitions.default('block'),
  injection: guardFields.injection.default('label'),
  hidden: guardFields.hidden.default('remove'),
  secrets: guardFields.secrets.default('redact'),
  personal: guardFields.personal.default([]),
  provenance: guardFields.provenance.default('changed'),
  flow: z
    .enum(['off', 'ask', 'refuse'])
    .default('off')
    .describe(
      'What happens when something that an upstream which is not `trusted` returned stands in the arguments of a call to a tool in `sinks`: `ask` asks the user, where the client can, and otherwise refuses; `refuse` refuses.',
    ),
});

/** `upstreams.NAME.guard`: what differs for one upstream. */
export const upstreamGuardSchema = z.strictObject({
  ...z.strictObject(guardFields).partial().shape,
  sinks: globsField
    .optional()
    .describe(
      'Tools that send or write what they are given, so that `guard.flow` looks at their arguments. `*` stands for any characters.',
    ),
});
