/** The parts of the configuration schema that describe tasks. */
import { z } from 'zod';
import { milliseconds, textField, wholeNumber } from './schema-fields.ts';

const MODES = ['never', 'auto', 'always', 'required'] as const;
const FAILURES = ['lost', 'timeout', '5xx'] as const;
const DAY_MS = 86_400_000;

const retryFields = {
  attempts: wholeNumber(1, 100).describe('Times that a call is made in all, the first one included.'),
  delayMs: milliseconds(10).describe(
    'Milliseconds before the second attempt. Each further pause is twice as long, and every pause is shortened at random by up to half.',
  ),
  maxDelayMs: milliseconds(10).describe('Milliseconds that a pause is long at most.'),
  on: z
    .array(z.union([z.enum(FAILURES), z.int()]))
    .max(100)
    .describe(
      'What is tried again: `lost` (the connection broke before the answer), `timeout`, `5xx` (HTTP status), or a JSON-RPC error code.',
    ),
};

/** `tasks.retry` of an upstream, defaults filled in. */
const retrySchema = z.strictObject({
  attempts: retryFields.attempts.default(3),
  delayMs: retryFields.delayMs.default(1000),
  maxDelayMs: retryFields.maxDelayMs.default(60_000),
  on: retryFields.on.default(['lost', 'timeout', '5xx']),
});

const ruleFields = {
  mode: z
    .enum(MODES)
    .describe(
      'Which calls become tasks: `auto` those that are not done after `promoteAfterMs`, `always` every call, `never` none. `required` is `always`, and a client that knows no tasks is refused with -32021. Without `required` such a client waits for the result.',
    ),
  promoteAfterMs: milliseconds(0).describe(
    'Milliseconds after which a call that is still under way becomes a task.',
  ),
  deadlineMs: milliseconds(1000).describe(
    'Milliseconds from its creation after which a task fails, whatever it waits for.',
  ),
  inputMs: milliseconds(1000).describe(
    'Milliseconds that a task waits for the input that it asked for. Of a legacy upstream no longer than its `inputTimeoutMs`.',
  ),
  retentionMs: milliseconds(0).describe(
    'Milliseconds that a task and its result are kept after its end; then both are deleted.',
  ),
};

/** `tasks` of one tool: what differs from the upstream's. */
const toolTasksSchema = z.strictObject({
  mode: ruleFields.mode.optional(),
  promoteAfterMs: ruleFields.promoteAfterMs.optional(),
  deadlineMs: ruleFields.deadlineMs.optional(),
  inputMs: ruleFields.inputMs.optional(),
  retentionMs: ruleFields.retentionMs.optional(),
  retry: z
    .strictObject(retryFields)
    .partial()
    .optional()
    .describe('When a call of a task is made again, where it differs from the upstream.'),
});

/** `tasks` of an upstream. */
export const upstreamTasksSchema = z.strictObject({
  mode: ruleFields.mode.default('auto'),
  promoteAfterMs: ruleFields.promoteAfterMs.default(3000),
  deadlineMs: ruleFields.deadlineMs.default(DAY_MS),
  inputMs: ruleFields.inputMs.default(600_000),
  retentionMs: ruleFields.retentionMs.default(DAY_MS),
  concurrency: wholeNumber(1, 100_000)
    .default(64)
    .describe(
      'Tasks of this upstream that one replica works on at a time. Further ones wait; callers take turns.',
    ),
  retry: retrySchema
    .prefault({})
    .describe(
      'When a call of a task is made again. Only a call that is safe to repeat (`repeatable`) ever is, or one that never reached the upstream.',
    ),
  tools: z
    .record(textField(512), toolTasksSchema)
    .default({})
    .describe(
      "Rules of single tools, by the upstream's name of the tool; `*` stands for any characters. The first that fits counts.",
    ),
});

/** `tasks`: what holds for tasks of every upstream. */
export const tasksSchema = z.strictObject({
  maxRetentionMs: milliseconds(0)
    .default(7 * DAY_MS)
    .describe(
      'Milliseconds that a task is kept after its end at most, whatever a client or a tool asks for.',
    ),
  pollIntervalMs: milliseconds(100)
    .default(1000)
    .describe('Milliseconds between two looks at a task that clients are told to keep to.'),
  maxPerPrincipal: wholeNumber(1, 10_000_000)
    .default(10_000)
    .describe('Tasks that one caller may have, those included that ended and are kept.'),
  maxResultBytes: wholeNumber(1024, 268_435_456)
    .default(16_777_216)
    .describe('Bytes of the result of a task. One with more fails.'),
});
