import { describe, expect, it } from 'vitest';
import { Abort, toAbortSignal } from './abort.ts';

describe('Abort', () => {
  it('tells every listener once, with the first reason', () => {
    const abort = new Abort();
    const told: unknown[] = [];
    const listener = () => told.push(abort.reason);
    abort.addEventListener('abort', listener);
    abort.addEventListener('abort', listener);
    abort.addEventListener('abort', { handleEvent: () => told.push('object') });
    expect(() => abort.throwIfAborted()).not.toThrow();
    abort.abort('gone');
    abort.abort('again');
    expect(told).toEqual(['gone', 'object']);
    expect(abort.aborted).toBe(true);
    expect(() => abort.throwIfAborted()).toThrow('gone');
  });

  it('tells nothing to a listener that was taken away or came too late', () => {
    const abort = new Abort();
    const told: string[] = [];
    const gone = () => told.push('taken away');
    abort.addEventListener('abort', gone);
    abort.removeEventListener('abort', gone);
    abort.removeEventListener('abort', gone);
    abort.abort('x');
    abort.addEventListener('abort', () => told.push('late'));
    expect(told).toEqual([]);
  });

  it('lets a listener take others away while it is told', () => {
    const abort = new Abort();
    const told: string[] = [];
    const last = () => told.push('last');
    abort.addEventListener('abort', () => abort.removeEventListener('abort', last));
    abort.addEventListener('abort', last);
    abort.abort('x');
    expect(told).toEqual(['last']);
  });
});

describe('toAbortSignal', () => {
  it('is itself for an AbortSignal, and follows an Abort before and after', () => {
    const { signal } = new AbortController();
    expect(toAbortSignal(signal)).toBe(signal);
    const abort = new Abort();
    const followed = toAbortSignal(abort);
    expect(followed.aborted).toBe(false);
    abort.abort('gone');
    expect(followed.reason).toBe('gone');
    expect(toAbortSignal(abort).reason).toBe('gone');
  });
});
