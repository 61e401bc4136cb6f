/** How a message names what is read, at the begin of a sentence: `-` is standard input. */
export function nameInput(file: string): string {
  return file === '-' ? 'Standard input' : file;
}
