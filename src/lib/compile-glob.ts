/**
 * A pattern in which `*` stands for any characters, as a predicate. It matches piece by piece from the left, which
 * takes linear time whatever the pattern is.
 */
export function compileGlob(pattern: string): (name: string) => boolean {
  const pieces = pattern.split('*');
  const [first = '', ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    if (!name.startsWith(first)) return false;
    let at = first.length;
    for (const piece of rest) {
      const found = name.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return name.length - last.length >= at && name.endsWith(last);
  };
}
