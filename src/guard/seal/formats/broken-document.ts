/** A configuration file that cannot be read as what it should be. The message says why, without its contents. */
export class BrokenDocument extends Error {
  override readonly name = 'BrokenDocument';
}
