import { type DestinationStream, type Level, pino } from 'pino';
import type { LogConfig } from '../config/types.ts';
import type { Log, LogFields } from '../lib/log.ts';
import { describeError } from './describe-error.ts';
import { formatForPeople } from './format-for-people.ts';
import { hideSecrets } from './hide-secrets.ts';

/** What a log is made of. */
export interface LogOptions extends LogSettings {
  /** Takes whole lines, with their line end. */
  readonly write: (line: string) => void;
  /** Whether people read along: what `format: auto` asks. */
  readonly isTerminal: boolean;
}

/** What may change while the log is in use. */
export interface LogSettings {
  readonly config: LogConfig;
  /** Texts that no line may show, the longest first. */
  readonly secrets: readonly string[];
}

/** A log whose settings can be replaced, as a reload of the configuration does. */
export interface SettableLog extends Log {
  useSettings(settings: LogSettings): void;
}

/** Fields that pino writes by itself. */
const RESERVED = new Set(['level', 'time', 'msg']);

/**
 * Writes one line for each event, JSON or for people. Errors become message, code and causes; their stacks are written
 * at level `debug` and below only. Secrets are hidden wherever in a line they stand.
 */
export function createLog(options: LogOptions): SettableLog {
  let { config, secrets } = options;
  const destination: DestinationStream = {
    write: (line) => {
      const hidden = hideSecrets(line, secrets);
      const isPretty = config.format === 'pretty' || (config.format === 'auto' && options.isTerminal);
      options.write(isPretty ? formatForPeople(hidden, { hasColor: options.isTerminal }) : hidden);
    },
  };
  const logger = pino(
    {
      level: config.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const say = (level: Level, message: string, fields: LogFields | undefined): void => {
    if (!logger.isLevelEnabled(level)) return;
    if (fields === undefined) logger[level](message);
    else logger[level](plainFields(fields, logger.isLevelEnabled('debug')), message);
  };
  return {
    debug: (message, fields) => say('debug', message, fields),
    info: (message, fields) => say('info', message, fields),
    warn: (message, fields) => say('warn', message, fields),
    error: (message, fields) => say('error', message, fields),
    useSettings: (settings) => {
      ({ config, secrets } = settings);
      logger.level = config.level;
    },
  };
}

function plainFields(fields: LogFields, withStacks: boolean): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const key = RESERVED.has(name) ? `${name}_` : name;
    plain[key] = value instanceof Error ? describeError(value, withStacks) : value;
  }
  return plain;
}
