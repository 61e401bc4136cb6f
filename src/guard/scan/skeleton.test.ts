import { describe, expect, it } from 'vitest';
import { foldText, skeletonOf } from './skeleton.ts';

describe('skeletonOf', () => {
  it('is one for names that look alike', () => {
    expect(skeletonOf('pаypаl')).toBe(skeletonOf('paypal'));
    expect(skeletonOf('rn')).toBe(skeletonOf('m'));
    expect(skeletonOf('a\u200db')).toBe(skeletonOf('ab'));
    expect(skeletonOf('list_files')).not.toBe(skeletonOf('list_tiles'));
  });
});

describe('foldText', () => {
  it('leaves text of other scripts as it is', () => {
    expect(foldText('Привет, мир')).toBe('Привет, мир');
    expect(foldText('ΔT in µs')).toBe('ΔT in μs');
    expect(foldText('东京 tool')).toBe('东京 tool');
  });
});
