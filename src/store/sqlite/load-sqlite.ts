type Sqlite = typeof import('node:sqlite');

/**
 * Loads node:sqlite. Node 22 says on stderr that it is experimental, once, while it loads: people who use the program
 * can do nothing about that. Nothing else can warn meanwhile, because loading a built-in module is synchronous.
 */
export function loadSqlite(): Sqlite {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning: string | Error, ...more: never[]) => {
    if (!String(warning).includes('SQLite')) emitWarning.call(process, warning, ...more);
  };
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
