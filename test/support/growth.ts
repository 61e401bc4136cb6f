/** How often each size is measured; the best counts, so that what else the machine does weighs little. */
const ROUNDS = 3;
/** The larger input is so many times the smaller one. */
const TIMES = 8;
/** Work in the square of its input grows 64-fold, work in line with it 8-fold. */
const MOST = 32;
/** Less than this says nothing. */
const LEAST_MS = 2;

/**
 * Whether a piece of work takes CPU time in line with the size of its input, told from work in the square of it: the same
 * work on an eighth of the input is what it is compared with, so no clock of a machine is.
 */
export function growsInLine(size: number, work: (size: number) => void): boolean {
  const small = Math.max(LEAST_MS, bestOf(Math.ceil(size / TIMES), work));
  return bestOf(size, work) < small * MOST;
}

function bestOf(size: number, work: (size: number) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    work(size);
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}
