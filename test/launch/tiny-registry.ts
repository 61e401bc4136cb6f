import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';

/** A registry of npm with a few packages, each of one version and one program. */
export interface TinyRegistry {
  readonly url: string;
  stop(): Promise<void>;
}

/** One package; `program` is the JavaScript of its program, which has the package's name. */
export interface TinyPackage {
  readonly name: string;
  readonly version: string;
  readonly program: string;
}

/** Starts a registry on loopback that serves the packages as npm's registry API does. */
export async function startTinyRegistry(packages: readonly TinyPackage[]): Promise<TinyRegistry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/').slice(1);
    const found = packages.find(({ name }) => path === name || path === `${name}.tgz`);
    if (found === undefined) return void response.writeHead(404).end('{}');
    if (path.endsWith('.tgz')) return void response.end(tarballOf(found));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(packumentOf(found, `http://${request.headers.host}`)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function manifestOf({ name, version }: TinyPackage): Record<string, unknown> {
  return { name, version, bin: { [name.replace(/^@[^/]*\//, '')]: 'main.js' } };
}

function packumentOf(entry: TinyPackage, origin: string): Record<string, unknown> {
  const { name, version } = entry;
  const integrity = `sha512-${createHash('sha512').update(tarballOf(entry)).digest('base64')}`;
  const dist = { tarball: `${origin}/${name}.tgz`, integrity };
  const versions = { [version]: { ...manifestOf(entry), dist } };
  return { name, 'dist-tags': { latest: version }, versions };
}

function tarballOf(entry: TinyPackage): Buffer {
  const files = [
    fileOf('package/package.json', JSON.stringify(manifestOf(entry))),
    fileOf('package/main.js', `#!/usr/bin/env node\n${entry.program}\n`),
  ];
  return gzipSync(Buffer.concat([...files, Buffer.alloc(1024)]));
}

/** One entry of a ustar archive (POSIX.1-1988 §10.1.1). */
function fileOf(name: string, content: string): Buffer {
  const bytes = Buffer.from(content);
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write('0000755\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136);
  head.write('        0', 148);
  head.write('ustar\x0000', 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}
