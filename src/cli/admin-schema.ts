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

/** One upstream of a status. */
export type UpstreamAnswer = z.infer<typeof upstreamSchema>;
/** One server of a status. */
export type ServerAnswer = z.infer<typeof serverSchema>;
