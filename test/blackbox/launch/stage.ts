/** A gateway in front of one program that leaves a mark each time it is started. */
import { chmod, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { callTool, type Json } from '../../support/front-door.ts';
import { askAdmin, type RunningGateway, startGateway } from '../../support/gateway.ts';

const WITNESS = join(import.meta.dirname, '..', '..', 'fixtures', 'stdio', 'witness.js');
const WITHIN = { timeout: 15_000, interval: 50 };

/** What one upstream is, as operators see it. */
export interface Shown {
  readonly state: string;
  readonly lastErrorCode?: string;
  readonly lastError?: string;
}

/** Files of a test, and the gateway on them. */
export class LaunchStage {
  readonly folder: string;
  /** The program that the upstream `files` starts, unless a test says otherwise. */
  readonly program: string;
  readonly #mark: string;
  readonly #configFile: string;
  readonly #env: Readonly<Record<string, string>>;
  #gateway: RunningGateway | undefined;

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.program = join(folder, 'server.mjs');
    this.#mark = join(folder, 'marks');
    this.#configFile = join(folder, 'gateward.yaml');
    this.#env = env;
  }

  static async make(env: Readonly<Record<string, string>> = {}): Promise<LaunchStage> {
    const stage = new LaunchStage(await realpath(await mkdtemp(join(tmpdir(), 'gateward-launch-'))), env);
    await stage.writeProgram(stage.program);
    return stage;
  }

  /** A program of some bytes that do the same whatever `comment` says. */
  async writeProgram(path: string, comment = ''): Promise<void> {
    await writeFile(path, `#!/usr/bin/env node\n// ${comment}\nimport ${JSON.stringify(WITNESS)};\n`);
    await chmod(path, 0o755);
  }

  /** The configuration of the upstream, changed as the test wants. */
  upstream(changes: Json = {}): Json {
    return {
      command: this.program,
      args: ['--mark', this.#mark],
      env: { FILES_MODE: 'read', FILES_TOKEN: '${FILES_TOKEN}' },
      era: 'legacy',
      ...changes,
    };
  }

  async save(config: Json): Promise<void> {
    await writeFile(this.#configFile, JSON.stringify({ listen: { port: 0 }, ...config }));
  }

  async start(config: Json): Promise<void> {
    await this.save(config);
    this.#gateway = await startGateway({ configFile: this.#configFile, env: this.#env });
  }

  get gateway(): RunningGateway {
    if (this.#gateway === undefined) throw new TypeError('no gateway runs');
    return this.#gateway;
  }

  /** Stops the gateway; its files stay. */
  async stop(): Promise<void> {
    await this.#gateway?.stop();
    this.#gateway = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Puts another upstream of the same name in force. */
  async reload(upstream: Json, more: Json = {}): Promise<void> {
    await this.save({ upstreams: { files: upstream }, ...more });
    const response = await askAdmin(this.gateway, 'reload', 'POST');
    expect(response.status).toBe(200);
  }

  /** The upstream once its state is known. */
  async shown(name = 'files'): Promise<Shown> {
    return await vi.waitFor(async () => {
      const { upstreams } = (await (await askAdmin(this.gateway, 'status')).json()) as {
        upstreams: (Shown & { name: string })[];
      };
      const found = upstreams.find((upstream) => upstream.name === name);
      if (found === undefined || found.state === 'starting') throw new TypeError('not settled');
      return found;
    }, WITHIN);
  }

  async isUp(): Promise<void> {
    await vi.waitFor(async () => expect(await this.shown()).toMatchObject({ state: 'up' }), WITHIN);
  }

  /** Ids of the process of each start. */
  async starts(): Promise<readonly number[]> {
    const text = await readFile(this.#mark, 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** Decides on what was seen last in one state. */
  async decide(decision: 'approve' | 'reject', state = 'pending'): Promise<void> {
    const list = await askAdmin(this.gateway, `approvals?kind=launch&state=${state}`);
    const { approvals } = (await list.json()) as { approvals: { id: string; dangerous: boolean }[] };
    const last = approvals.at(-1);
    if (last === undefined) throw new TypeError('nothing waits');
    const query = decision === 'approve' && last.dangerous ? '?dangerous=yes' : '';
    const answer = await askAdmin(this.gateway, `approvals/${last.id}/${decision}${query}`, 'POST');
    expect(answer.status).toBe(200);
  }

  /** What the running program says of itself. */
  async tell(): Promise<Told> {
    const result = await callTool(`${this.gateway.url}/servers/files/mcp`, 'tell');
    const [content] = result['content'] as { text: string }[];
    return JSON.parse(content?.text ?? '{}');
  }
}

/** How the program was started, as it sees it itself. */
export interface Told {
  readonly pid: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly status: string;
  readonly limits: string;
  readonly stat: string;
}
