import { expect, it } from 'vitest';
import { fitLine } from './slope.ts';

it('finds the slope of points on a line, with no error', () => {
  const points = [0, 1, 2, 3, 4].map((x) => ({ x, y: 7 + 3 * x }));
  expect(fitLine(points)).toEqual({ slope: 3, error: 0 });
});

it('finds no slope in noise around a constant, and says how far chance goes', () => {
  const points = [1, -1, -1, 1].map((noise, x) => ({ x, y: 100 + noise }));
  const { slope, error } = fitLine(points);
  expect(slope).toBeCloseTo(0);
  expect(error).toBeGreaterThan(0.4);
});

it('refuses two points', () => {
  expect(() =>
    fitLine([
      { x: 0, y: 0 },
      { x: 1, y: 1 },
    ]),
  ).toThrow(TypeError);
});
