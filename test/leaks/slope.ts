/** One measurement: `y` after `x` rounds. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A straight line through points, by least squares. */
export interface Line {
  /** The growth of `y` for each 1 of `x`. */
  readonly slope: number;
  /** The standard error of the slope: how far chance alone would bend the line. */
  readonly error: number;
}

/** Fits a line. Throws TypeError for fewer than three points, through which any slope fits. */
export function fitLine(points: readonly Point[]): Line {
  if (points.length < 3) throw new TypeError('A line needs at least three points.');
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  const spread = sum(points.map(({ x }) => (x - meanX) ** 2));
  const slope = sum(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread;
  const residual = sum(points.map(({ x, y }) => (y - meanY - slope * (x - meanX)) ** 2));
  return { slope, error: Math.sqrt(residual / (points.length - 2) / spread) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
