/**
 * A pure function of one text that keeps its last answers, for texts that repeat on every request. Holds at most
 * `maxEntries`, and none for texts longer than `maxLength` characters.
 */
export function remember<T>(
  read: (text: string) => T,
  { maxEntries = 256, maxLength = 256 }: { readonly maxEntries?: number; readonly maxLength?: number } = {},
): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const answer = read(text);
    if (text.length > maxLength) return answer;
    // Starting anew is as good as any choice: what repeats comes back at once.
    if (known.size >= maxEntries) known.clear();
    known.set(text, answer);
    return answer;
  };
}
