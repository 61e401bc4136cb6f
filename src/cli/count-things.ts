/** A number with the thing that is counted, whose plural is regular: `1 upstream`, `2 upstreams`. */
export function countThings(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** The same with what is said of it, of one and of several: `1 part differs`, `2 parts differ`. */
export function sayOfThings(count: number, thing: string, [one, several]: readonly [string, string]): string {
  return `${countThings(count, thing)} ${count === 1 ? one : several}`;
}
