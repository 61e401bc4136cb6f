/** HTTP over a bare socket: sends any bytes, and reads answers as they come. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One answer. Header names are in lower case, values as they came, each time that they came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

/** A connection on which anything may be sent. */
export class RawConnection {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    socket.on('error', () => this.#end());
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
  }

  static async open(port: number, allowHalfOpen = false): Promise<RawConnection> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Whether the other side has closed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Everything received and not yet taken as an answer. */
  get received(): Buffer {
    return this.#received;
  }

  /** Waits for bytes that fit; fails when the other side closes or five seconds pass before. */
  async until(fits: (received: Buffer) => boolean, what = 'bytes'): Promise<void> {
    const deadline = Date.now() + 5000;
    while (!fits(this.#received)) {
      if (this.#ended) throw new TypeError(`closed before ${what}: ${this.#received.toString('latin1')}`);
      if (Date.now() > deadline) throw new TypeError(`no ${what}: ${this.#received.toString('latin1')}`);
      await this.#more(deadline - Date.now());
    }
  }

  /** Waits until the other side closes. */
  async closed(): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!this.#ended) {
      if (Date.now() > deadline) throw new TypeError('the connection stays open');
      await this.#more(deadline - Date.now());
    }
  }

  /** Takes the next answer. Interim answers (1xx) are passed over. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      await this.until((bytes) => bytes.includes('\r\n\r\n'), 'head');
      const end = this.#received.indexOf('\r\n\r\n');
      const { status, headers } = readHead(this.#received.subarray(0, end).toString('latin1'));
      this.#received = this.#received.subarray(end + 4);
      if (status < 200) continue;
      return { status, headers, body: await this.#body(status, headers) };
    }
  }

  close(): void {
    this.socket.destroy();
  }

  async #body(status: number, headers: RawAnswer['headers']): Promise<Buffer> {
    if (status === 204 || status === 304) return Buffer.alloc(0);
    if (headers.get('transfer-encoding')?.[0] === 'chunked') return this.#chunks();
    const length = Number(headers.get('content-length')?.[0] ?? 0);
    await this.until((bytes) => bytes.length >= length, 'body');
    return this.#take(length);
  }

  async #chunks(): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      await this.until((bytes) => bytes.includes('\r\n'), 'chunk');
      const line = this.#received.indexOf('\r\n');
      const size = Number.parseInt(this.#take(line + 2).toString('latin1'), 16);
      await this.until((bytes) => bytes.length >= size + 2, 'chunk');
      parts.push(this.#take(size));
      this.#take(2);
      if (size === 0) return Buffer.concat(parts);
    }
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #more(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function readHead(text: string): { readonly status: number; readonly headers: Map<string, string[]> } {
  const [first = '', ...lines] = text.split('\r\n');
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return { status: Number(first.split(' ')[1]), headers };
}
