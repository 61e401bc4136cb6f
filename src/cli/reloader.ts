import { toGatewardError } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import type { Log } from '../lib/log.ts';
import type { Terminal } from './terminal.ts';

/** Reloads the configuration of a gateway, one time after another. */
export interface Reloader {
  /** `why` is what asked for it: a signal, or the files that changed. Never throws. */
  reload(why: string): void;
}

/** What a reloader works with. */
export interface ReloaderParts {
  readonly gateway: Pick<Gateway, 'reload'>;
  readonly log: Log;
  readonly terminal: Terminal;
}

/** Wishes that come while a reload runs are met by one further reload. */
export function createReloader({ gateway, log, terminal }: ReloaderParts): Reloader {
  let running = false;
  let wanted: string | undefined;
  const run = async (why: string): Promise<void> => {
    try {
      const { changed, needsRestart, warnings } = await gateway.reload();
      for (const warning of warnings) log.warn(warning);
      if (needsRestart.length > 0) log.warn('some changes need a restart', { keys: needsRestart });
      log.info('the configuration was read again', { why, changed });
      terminal.emit({ event: 'reloaded', why, changed, needsRestart, warnings });
    } catch (thrown) {
      const error = toGatewardError(thrown);
      log.error('the new configuration was refused: the old one stays in force', { why, error });
      terminal.emit({ event: 'reload-refused', why, error: { code: error.code, message: error.message } });
    }
  };
  const start = async (first: string): Promise<void> => {
    running = true;
    for (let why: string | undefined = first; why !== undefined; why = wanted) {
      wanted = undefined;
      await run(why);
    }
    running = false;
  };
  return {
    reload: (why) => {
      if (running) wanted = why;
      else void start(why);
    },
  };
}
