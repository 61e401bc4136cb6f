import type { Baseline } from './baseline.ts';
import type { ClientFile } from './client-file.ts';
import { type Change, compareFile } from './compare-file.ts';
import { pointsAtGateway } from './points-at-gateway.ts';
import { type ClientReading, readClientFile } from './read-client-file.ts';
import { readServers, type ServerEntry } from './server-entry.ts';

/** A server that a client reaches past the gateway. */
export interface Bypass {
  readonly file: ClientFile;
  readonly server: ServerEntry;
}

/** What a look at all sealed files comes to. */
export interface Checked {
  readonly changes: readonly Change[];
  readonly bypasses: readonly Bypass[];
}

/** Compares every sealed file with its seal. `read` may know what some of them hold. */
export async function checkBaseline(
  { files, gateways }: Baseline,
  read: (file: ClientFile) => Promise<ClientReading> = readClientFile,
): Promise<Checked> {
  const changes: Change[] = [];
  const bypasses: Bypass[] = [];
  for (const file of files) {
    const reading = await read(file);
    changes.push(...compareFile(file, reading, gateways));
    bypasses.push(...findBypasses(file, reading, gateways));
  }
  return { changes, bypasses };
}

/** The enabled servers of a file that do not lead to the gateway. */
export function findBypasses(
  file: ClientFile,
  reading: ClientReading,
  gateways: readonly string[],
): readonly Bypass[] {
  if (reading.state !== 'read') return [];
  return readServers(file, reading.parts)
    .filter((server) => server.isEnabled && !pointsAtGateway(server, gateways))
    .map((server) => ({ file, server }));
}
