import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, runChild } from './children.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import { readCpuSeconds } from './proc.ts';
import { firstId } from './requests.ts';

/** One measurement of one target. */
export interface Sample {
  /** Calls a second. */
  readonly rate: number;
  /** CPU of the target's process per call, user and system, in microseconds. */
  readonly cpuUs: number;
  /** Share of a core that the target's process had; near 1 when nothing else ran there and it was the bottleneck. */
  readonly coreShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Whether `wrk` makes the load; without it `load.ts` does. */
export const hasWrk = hasProgram('wrk');

const wrkReport = `
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT {"calls":%d,"seconds":%.6f,"errors":%d,"p50Ms":%.3f,"p99Ms":%.3f}\\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
`;

/** The plan as a script of wrk. JSON strings of ASCII text are Lua strings too. */
function writeScript(plan: LoadPlan, file: string): void {
  const rows = plan.templates.map((each) => `{${JSON.stringify(each.before)},${JSON.stringify(each.after)}}`);
  const request = `
local templates = {${rows.join(',\n')}}
local id = ${firstId}
function request()
  local t = templates[id % #templates + 1]
  id = id + 1
  return t[1] .. string.format('%d', id) .. t[2]
end
`;
  writeFileSync(file, request + wrkReport);
}

async function runWrk(plan: LoadPlan, folder: string): Promise<LoadResult> {
  const script = join(folder, 'wrk.lua');
  writeScript(plan, script);
  const args = [
    '-t1',
    `-c${plan.connections}`,
    `-d${Math.ceil(plan.seconds)}s`,
    '--timeout',
    '30s',
    '-s',
    script,
  ];
  const output = await runChild(['wrk', ...args, `http://127.0.0.1:${plan.port}/`], 'load', {
    logFile: join(folder, 'load.log'),
  });
  const result = /^RESULT (.*)$/m.exec(output)?.[1];
  if (result === undefined) throw new TypeError(`wrk printed no result: ${output.slice(-300)}`);
  return JSON.parse(result);
}

async function runOwn(plan: LoadPlan, folder: string): Promise<LoadResult> {
  const command = [process.execPath, join(import.meta.dirname, 'load.ts')];
  const output = await runChild(command, 'load', {
    logFile: join(folder, 'load.log'),
    input: JSON.stringify(plan),
  });
  return JSON.parse(output);
}

/**
 * Puts the load of `plan` on the process `pid` and measures it. A plan with a rate is run by `load.ts`, for wrk cannot
 * hold one. Throws TypeError when calls failed: a rate of refusals says nothing.
 */
export async function measure(plan: LoadPlan, pid: number, folder: string): Promise<Sample> {
  const before = readCpuSeconds(pid);
  const result = plan.rate === undefined && hasWrk ? await runWrk(plan, folder) : await runOwn(plan, folder);
  const cpuSeconds = readCpuSeconds(pid) - before;
  if (result.calls === 0) throw new TypeError('no call was answered');
  if (result.errors > 0) throw new TypeError(`${result.errors} of ${result.calls} calls failed`);
  const { calls, seconds, p50Ms, p99Ms } = result;
  return {
    rate: calls / seconds,
    cpuUs: (cpuSeconds * 1e6) / calls,
    coreShare: cpuSeconds / seconds,
    p50Ms,
    p99Ms,
  };
}
