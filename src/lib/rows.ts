/** A row of a pipeline in its plainest form. The table that holds it has checked that its needs are met. */
export interface Row<Result> {
  run(context: object, next: (added: object) => Promise<Result>): Promise<Result>;
}

/** What a row adds that adds nothing: its rows below get the very context that it got. */
export const NOTHING: Readonly<Record<never, never>> = Object.freeze({});

/**
 * Folds rows, outermost first, into one function. A row may call `next`; what it adds is laid over the context of the
 * rows below it. The innermost row has nothing below it and must answer.
 */
export function foldRows<Result>(rows: readonly Row<Result>[]): (context: object) => Promise<Result> {
  return rows.reduceRight<(context: object) => Promise<Result>>(
    (inner, row) => (context) =>
      row.run(context, (added) => inner(added === NOTHING ? context : { ...context, ...added })),
    () => Promise.reject(new TypeError('The innermost row of a pipeline must answer.')),
  );
}
