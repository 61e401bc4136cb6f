/** What the admin API answers, as far as commands read it. Members beyond are kept for `--json`. */
import { z } from 'zod';

const upstreamSchema = z.looseObject({
  name: z.string(),
  target: z.string(),
  state: z.enum(['starting', 'up', 'down']),
  era: z.string().optional(),
  protocolVersion: z.string().optional(),
  lastError: z.string().optional(),
  lastErrorCode: z.string().optional(),
  held: z.number().optional(),
});

const serverSchema = z.looseObject({
  name: z.string(),
  url: z.string(),
  upstreams: z.array(z.string()),
  public: z.boolean(),
});

const toolSchema = z.looseObject({ name: z.string(), description: z.string().optional() });

/** GET status */
export const statusSchema = z.looseObject({
  url: z.string(),
  version: z.string(),
  upstreams: z.array(upstreamSchema),
  servers: z.array(serverSchema),
});

/** GET servers/NAME */
export const serverAnswerSchema = z.looseObject({
  server: serverSchema,
  upstreams: z.array(upstreamSchema),
  tools: z.array(toolSchema),
  toolsError: z.object({ code: z.string(), message: z.string() }).optional(),
});

const taskSchema = z.looseObject({
  id: z.string(),
  owner: z.string(),
  server: z.string(),
  upstream: z.string(),
  tool: z.string(),
  state: z.string(),
  attempts: z.number(),
  message: z.string().optional(),
  holder: z.string().optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
  dueAt: z.string().optional(),
  deadlineAt: z.string(),
  endedAt: z.string().optional(),
  expiresAt: z.string(),
});

const taskDetailsSchema = taskSchema.extend({
  history: z.array(
    z.looseObject({
      startedAt: z.string(),
      endedAt: z.string().optional(),
      replica: z.string(),
      end: z.string().optional(),
    }),
  ),
  error: z.string().optional(),
  waitsFor: z.array(z.string()),
});

/** GET tasks */
export const tasksAnswerSchema = z.looseObject({ tasks: z.array(taskSchema), next: z.string().optional() });

/** GET tasks/ID */
export const taskDetailsAnswerSchema = z.looseObject({ task: taskDetailsSchema });

/** POST tasks/ID/cancel, POST tasks/ID/retry */
export const taskAnswerSchema = z.looseObject({ task: taskSchema });

/** One task of a list. */
export type TaskAnswer = z.infer<typeof taskSchema>;
/** All that is shown of one task. */
export type TaskDetailsAnswer = z.infer<typeof taskDetailsSchema>;
/** One upstream of a status. */
export type UpstreamAnswer = z.infer<typeof upstreamSchema>;
/** One server of a status. */
export type ServerAnswer = z.infer<typeof serverSchema>;
