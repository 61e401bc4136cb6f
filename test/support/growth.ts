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
  const bestOf = (each: number): number =>
    Math.min(...Array.from({ length: ROUNDS }, () => cpuMs(() => work(each))));
  return isInLine(bestOf(Math.ceil(size / TIMES)), bestOf(size));
}

/** The same for work that ends later. */
export async function growsInLineAsync(
  size: number,
  work: (size: number) => Promise<unknown>,
): Promise<boolean> {
  const bestOf = async (each: number): Promise<number> => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round += 1) {
      const before = process.cpuUsage();
      await work(each);
      best = Math.min(best, msSince(before));
    }
    return best;
  };
  return isInLine(await bestOf(Math.ceil(size / TIMES)), await bestOf(size));
}

function isInLine(small: number, large: number): boolean {
  return large < Math.max(LEAST_MS, small) * MOST;
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return msSince(before);
}

function msSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
