/**
 * A lean load generator on raw sockets. Reads a plan as JSON from standard input, prints a result as JSON.
 *
 * Without `rate` each connection sends its next request when the answer is there (closed loop). With `rate` requests
 * are due at fixed times; what finds no free connection waits, and its waiting counts as latency.
 */
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { firstId, type Template } from './requests.ts';
import { readResponse } from './response.ts';
import { percentile } from './stats.ts';

/** What a generator is to do. */
export interface LoadPlan {
  readonly port: number;
  /** Used in turn. */
  readonly templates: readonly Template[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second; absent: as many as the target takes. */
  readonly rate?: number;
}

/** What a generator saw. Latency is in milliseconds. */
export interface LoadResult {
  readonly calls: number;
  readonly seconds: number;
  /** Answers with a status of 400 and more, and broken connections. */
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Line {
  readonly socket: Socket;
  buffer: Buffer | undefined;
  /** When the request in flight was due, in ms of `performance.now()`. */
  dueMs: number;
}

function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const { port, templates, connections, seconds, rate } = plan;
  const latencies = new Float64Array(4_000_000);
  const free: Line[] = [];
  const waiting: number[] = [];
  let calls = 0;
  let errors = 0;
  let sent = 0;
  let isOver = false;

  const send = (line: Line, dueMs: number): void => {
    const template = templates[sent % templates.length] ?? { before: '', after: '' };
    line.dueMs = dueMs;
    line.socket.write(`${template.before}${firstId + sent}${template.after}`, 'latin1');
    sent += 1;
  };
  const finish = (line: Line, status: number): void => {
    const nowMs = performance.now();
    if (!isOver) {
      latencies[calls % latencies.length] = nowMs - line.dueMs;
      calls += 1;
      if (status >= 400) errors += 1;
    }
    if (rate === undefined && !isOver) send(line, nowMs);
    else {
      const due = isOver ? undefined : waiting.shift();
      if (due === undefined) free.push(line);
      else send(line, due);
    }
  };
  const open = (): Line => {
    const line: Line = {
      socket: connect({ host: '127.0.0.1', port, noDelay: true }),
      buffer: undefined,
      dueMs: 0,
    };
    line.socket.on('data', (chunk: Buffer) => {
      const buffer = line.buffer === undefined ? chunk : Buffer.concat([line.buffer, chunk]);
      const response = readResponse(buffer);
      line.buffer = response === undefined ? buffer : undefined;
      if (response !== undefined) finish(line, response.status);
    });
    line.socket.on('error', () => line.socket.destroy());
    line.socket.on('close', () => {
      if (!isOver) errors += 1;
    });
    return line;
  };
  const lines = Array.from({ length: connections }, open);

  return new Promise((resolve) => {
    const startMs = performance.now();
    let due = 0;
    const tick = (): void => {
      const nowMs = performance.now();
      const target = Math.floor(((nowMs - startMs) / 1000) * (rate ?? 0));
      for (; due < target; due += 1) {
        const line = free.pop();
        if (line === undefined) waiting.push(nowMs);
        else send(line, nowMs);
      }
    };
    if (rate === undefined) for (const line of lines) send(line, startMs);
    else free.push(...lines);
    const timer = rate === undefined ? undefined : setInterval(tick, 1);
    setTimeout(() => {
      clearInterval(timer);
      isOver = true;
      const took = (performance.now() - startMs) / 1000;
      for (const line of lines) line.socket.destroy();
      // What still waits for a connection has waited at least until now: the target fell behind the rate.
      const nowMs = performance.now();
      const all = Float64Array.from([
        ...latencies.subarray(0, Math.min(calls, latencies.length)),
        ...waiting.map((dueMs) => nowMs - dueMs),
      ]).sort();
      resolve({ calls, seconds: took, errors, p50Ms: percentile(all, 0.5), p99Ms: percentile(all, 0.99) });
    }, seconds * 1000);
  });
}

if (import.meta.main) {
  const plan: LoadPlan = JSON.parse(await text(process.stdin));
  console.log(JSON.stringify(await runLoad(plan)));
}
