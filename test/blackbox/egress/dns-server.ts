/** A DNS server over UDP (RFC 1035 §4) that answers A and AAAA as a test says. */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import type { Resolve } from '../../../src/guard/egress/judged-connect.ts';

const TYPE_A = 1;
const TYPE_AAAA = 28;

/** The addresses of a name at its `query`th question, which counts from 0 for each name and family. */
export type Answers = (name: string, query: number) => readonly string[];

export interface DnsServer {
  /** Asks this server alone, each time anew. */
  readonly resolve: Resolve;
  /** How often a name was asked for IPv4 addresses. */
  asked(name: string): number;
  close(): Promise<void>;
}

export async function startDns(answers: Answers): Promise<DnsServer> {
  const counts = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { name, type, end } = readQuestion(query);
    const key = `${type} ${name}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    const fitting = answers(name, count).filter((address) => isIPv4(address) === (type === TYPE_A));
    const known = type === TYPE_A || type === TYPE_AAAA ? fitting : [];
    socket.send(writeAnswer(query.subarray(0, end), type, known), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    resolve: async (host) => {
      const [v4, v6] = await Promise.all([
        resolver.resolve4(host).catch(() => []),
        resolver.resolve6(host).catch(() => []),
      ]);
      return [
        ...v4.map((address) => ({ address, family: 4 })),
        ...v6.map((address) => ({ address, family: 6 })),
      ];
    },
    asked: (name) => counts.get(`${TYPE_A} ${name}`) ?? 0,
    close: async () => {
      resolver.cancel();
      socket.close();
      await once(socket, 'close');
    },
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function writeAnswer(question: Buffer, type: number, addresses: readonly string[]): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180, 2); // an answer, without fault
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  const records = addresses.map((address) => {
    const data = type === TYPE_A ? bytesOfV4(address) : bytesOfV6(address);
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // the name of the question
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(0, 6); // not to be kept
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([head, ...records]);
}

function bytesOfV4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function bytesOfV6(address: string): Buffer {
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail)];
  const whole = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(whole.flatMap((group) => [group >> 8, group & 0xff]));
}
