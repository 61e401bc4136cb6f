import { describe, expect, it } from 'vitest';
import { JsonText } from '../../lib/json-text.ts';
import { REV_2025_06_18 } from '../rev2025-06-18/revision.ts';
import { writeInitializeResult } from './initialize.ts';
import { legacyMethodOf } from './methods.ts';
import { REV_2025_11_25 } from './revision.ts';
import {
  createTaskToLegacy,
  readTaskWish,
  taskToLegacy,
  withoutRelatedTask,
  withRelatedTask,
} from './tasks-to-legacy.ts';
import { resultToLegacy } from './to-legacy.ts';

const TIMES = { createdAt: '2026-01-01T00:00:00.000Z', lastUpdatedAt: '2026-01-01T00:00:01.000Z' };
const WORKING = { taskId: 't1', status: 'working', ...TIMES, ttlMs: 60_000, pollIntervalMs: 500 };
const LEGACY = { taskId: 't1', status: 'working', ...TIMES, ttl: 60_000, pollInterval: 500 };

describe('readTaskWish', () => {
  it.each([
    [{ task: {} }, { ttlMs: undefined }],
    [{ task: { ttl: 60_000 } }, { ttlMs: 60_000 }],
    [{ task: { ttl: -1 } }, { ttlMs: undefined }],
    [{ task: { ttl: 'long' } }, { ttlMs: undefined }],
    [{ task: true }, undefined],
    [{}, undefined],
  ])('reads %j as %j', (params, wish) => {
    expect(readTaskWish(JsonText.of(params))).toEqual(wish);
  });
});

describe('taskToLegacy', () => {
  const told = (task: object) => taskToLegacy(JsonText.of(task)).value();

  it('has the members of 2025-11-25 and no others', () => {
    expect(told({ resultType: 'complete', ...WORKING, inputRequests: {}, x: 1 })).toEqual(LEGACY);
  });

  it('says null where a task is kept for ever, and leaves out an interval that nobody gave', () => {
    const { pollIntervalMs: _, ...rest } = WORKING;
    const { pollInterval: __, ...legacy } = LEGACY;
    expect(told({ ...rest, ttlMs: null })).toEqual({ ...legacy, ttl: null });
  });

  it('is failed where the tool failed inside its result, and says why', () => {
    const result = { isError: true, content: [{ type: 'image' }, { type: 'text', text: 'No disk.' }] };
    expect(told({ ...WORKING, status: 'completed', result })).toEqual({
      ...LEGACY,
      status: 'failed',
      statusMessage: 'No disk.',
    });
  });

  it('takes the message of an error, unless the task has one', () => {
    const failed = { ...WORKING, status: 'failed', error: { code: -32603, message: 'Broken.' } };
    expect(told(failed)).toMatchObject({ status: 'failed', statusMessage: 'Broken.' });
    expect(told({ ...failed, statusMessage: 'Sorry.' })).toMatchObject({ statusMessage: 'Sorry.' });
  });
});

describe('results of tasks', () => {
  it('put a new task inside of an object', () => {
    const made = JsonText.of({ resultType: 'task', ...WORKING });
    expect(createTaskToLegacy(made).value()).toEqual({ task: LEGACY });
  });

  it('of tasks/list are pages of tasks', () => {
    const page = JsonText.of({ resultType: 'complete', tasks: [WORKING], nextCursor: 'c' });
    const options = { method: 'tasks/list', revision: REV_2025_11_25, wrapped: false };
    expect(resultToLegacy(page, options).value()).toEqual({ tasks: [LEGACY], nextCursor: 'c' });
  });

  it('of tasks/result are those of the tool, wrapped where its schema is', () => {
    const result = JsonText.of({ resultType: 'complete', content: [], structuredContent: { n: 1 } });
    const options = { method: 'tasks/result', revision: REV_2025_11_25, wrapped: true };
    expect(resultToLegacy(result, options).value()).toEqual({
      content: [],
      structuredContent: { result: { n: 1 } },
    });
  });
});

describe('withRelatedTask', () => {
  const key = 'io.modelcontextprotocol/related-task';

  it('adds the task to what _meta says, and withoutRelatedTask takes it away again', () => {
    const params = JsonText.of({ a: 1, _meta: { x: 2 } });
    const related = withRelatedTask(params, 't1');
    expect(related.value()).toEqual({ a: 1, _meta: { x: 2, [key]: { taskId: 't1' } } });
    expect(withoutRelatedTask(related).value()).toEqual({ a: 1, _meta: { x: 2 } });
    expect(withoutRelatedTask(withRelatedTask(undefined, 't1')).value()).toEqual({});
  });
});

describe('a revision with tasks', () => {
  const discovered = JsonText.of({
    capabilities: { tools: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } },
  });

  it('has their capability where the server makes tasks', () => {
    const tasks = { list: {}, cancel: {}, requests: { tools: { call: {} } } };
    const written = writeInitializeResult(discovered, REV_2025_11_25, 'x').get('capabilities');
    expect(written?.value()).toEqual({ tools: {}, tasks });
    const without = JsonText.of({ capabilities: { tools: {} } });
    expect(writeInitializeResult(without, REV_2025_11_25, 'x').get('capabilities')?.text).toBe(
      '{"tools":{}}',
    );
  });

  it('has their methods, which older ones do not have', () => {
    const methods = ['tasks/get', 'tasks/result', 'tasks/list', 'tasks/cancel', 'tasks/update', 'tools/call'];
    const known = (revision: typeof REV_2025_11_25) =>
      methods.filter((method) => legacyMethodOf(method, revision) !== undefined);
    expect(known(REV_2025_11_25)).toEqual(methods.filter((method) => method !== 'tasks/update'));
    expect(known(REV_2025_06_18)).toEqual(['tools/call']);
    expect(writeInitializeResult(discovered, REV_2025_06_18, 'x').get('capabilities')?.text).toBe(
      '{"tools":{}}',
    );
  });
});
