/** A number with the thing that is counted, whose plural is regular: `1 upstream`, `2 upstreams`. */
export function countThings(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
