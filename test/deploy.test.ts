import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../src/config/load.ts';

const DEPLOY = join(import.meta.dirname, '..', 'deploy');
const CHART = join(DEPLOY, 'helm', 'gateward');
const read = (...path: string[]): Promise<string> => readFile(join(...path), 'utf8');
const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function anEnvironment(): Promise<Record<string, string>> {
  folders.push(await mkdtemp(join(tmpdir(), 'gateward-deploy-')));
  return {
    GATEWARD_STORE: 'postgres://gateward:secret@postgres:5432/gateward',
    GATEWARD_PUBLIC_URL: 'https://mcp.example.com',
  };
}

describe('deploy/compose', () => {
  it('starts three replicas of one image over PostgreSQL, with a balancer that knows each', async () => {
    const { services } = parse(await read(DEPLOY, 'compose', 'compose.yaml'), { merge: true });
    const replicas = Object.keys(services).filter((name) => name.startsWith('gateward-'));
    expect(replicas).toHaveLength(3);
    for (const name of replicas) expect(services[name]).toEqual(services[replicas[0] ?? '']);
    const nginx = await read(DEPLOY, 'compose', 'nginx.conf');
    for (const name of replicas) expect(nginx).toContain(`server ${name}:3232`);
    expect(services).toHaveProperty('postgres.healthcheck');
  });

  it('knows no session affinity and holds no stream back', async () => {
    const nginx = await read(DEPLOY, 'compose', 'nginx.conf');
    expect(nginx).not.toMatch(/ip_hash|sticky|\bhash\b/);
    expect(nginx).toContain('proxy_buffering off');
  });

  it('gives each replica a configuration that loads, with keys required and time to drain', async () => {
    const variables = await anEnvironment();
    const { config } = await loadConfig({
      file: join(DEPLOY, 'compose', 'gateward.yaml'),
      env: {
        proxy: { http: undefined, https: undefined, all: undefined, none: undefined },
        variables,
      },
    });
    expect(config).toMatchObject({
      auth: { keys: true },
      store: { kind: 'postgres' },
      stop: { delayMs: 3000 },
    });
  });

  it('names every variable that it needs in .env.example', async () => {
    const compose = await read(DEPLOY, 'compose', 'compose.yaml');
    const example = await read(DEPLOY, 'compose', '.env.example');
    const needed = [...compose.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name);
    expect(needed.length).toBeGreaterThan(2);
    for (const name of needed) expect(example).toMatch(new RegExp(`^${name}=`, 'm'));
  });
});

describe('deploy/Dockerfile', () => {
  it('takes no secrets and nothing that was built elsewhere into the image', async () => {
    const ignored = (await read(DEPLOY, 'Dockerfile.dockerignore')).split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.git', '**/node_modules', '**/.env', 'dist']));
  });
});

describe('deploy/helm', () => {
  it('uses only values that values.yaml explains', async () => {
    const values = parse(await read(CHART, 'values.yaml'));
    for (const file of globSync('templates/*', { cwd: CHART })) {
      const template = await read(CHART, file);
      for (const [, path = ''] of template.matchAll(/\.Values\.([A-Za-z.]+)/g)) {
        const found = path.split('.').reduce((at, key) => at?.[key], values);
        expect(found, `${file}: ${path}`).toBeDefined();
      }
    }
  });

  it('probes, drains and knows no session affinity', async () => {
    const deployment = await read(CHART, 'templates', 'deployment.yaml');
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
      expect(deployment).toContain(probe);
    expect(deployment).toContain('terminationGracePeriodSeconds');
    expect(await read(CHART, 'templates', 'service.yaml')).toContain('sessionAffinity: None');
  });

  it('has the version of the package', async () => {
    const chart = parse(await read(CHART, 'Chart.yaml'));
    const { version } = JSON.parse(await read(DEPLOY, '..', 'package.json'));
    expect(chart).toMatchObject({ version, appVersion: version });
  });
});
