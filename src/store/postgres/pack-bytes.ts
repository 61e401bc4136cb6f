/** Several values of bytes as one, with the place of each. */
export interface PackedBytes {
  readonly bytes: Buffer;
  /** Counted from 1, as SQL's `substring` does. */
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
}

/** Joins values for one parameter of a statement: a list of bytes would travel as text, at twice its size. */
export function packBytes(values: readonly Buffer[]): PackedBytes {
  const sizes = values.map(({ length }) => length);
  let next = 1;
  const starts = sizes.map((size) => {
    const start = next;
    next += size;
    return start;
  });
  return {
    bytes: values[0] !== undefined && values.length === 1 ? values[0] : Buffer.concat(values),
    starts,
    sizes,
  };
}
