/** An MCP server over HTTP, of either era, whose definitions a test changes as it goes. */
import { event, openStream, sendJson, startHttpUpstream } from '../../support/http-upstream.ts';
import { Fault, type ScriptedServer, startScripted, text } from '../../support/scripted-server.ts';

type Json = Record<string, unknown>;

/** What the server says of itself. Lists may hold anything. */
export interface Offers {
  tools: Json[];
  prompts: Json[];
  resources: Json[];
  resourceTemplates: Json[];
  instructions: string | undefined;
}

export interface ChangingServer {
  readonly url: string;
  readonly offers: Offers;
  /** Runs before each `tools/call` is answered. */
  beforeCall: () => void;
  /** Runs with the headers of each list that is asked for. */
  offersTo: ((authorization: string) => Partial<Offers>) | undefined;
  /** Modern servers only: lists are answered with an error. */
  isBroken: boolean;
  /** Calls and reads that arrived. */
  readonly used: string[];
  /** How often a method was asked for. */
  asked(method: string): number;
  announce(change: 'tools' | 'prompts' | 'resources'): void;
  close(): Promise<void>;
}

const LISTS: Readonly<Record<string, keyof Omit<Offers, 'instructions'>>> = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
};
const LIST = { listChanged: true };
const CAPABILITIES = { tools: LIST, prompts: LIST, resources: LIST, completions: {} };
const NOT_KEPT = { ttlMs: 0, cacheScope: 'private' };

/** A few honest things of every kind. */
export function usualOffers(): Offers {
  return {
    tools: [
      {
        name: 'find',
        title: 'Find',
        description: 'Finds files.',
        inputSchema: {
          type: 'object',
          properties: { where: { type: 'object', properties: { path: { type: 'string', default: '/' } } } },
          required: ['where'],
        },
        outputSchema: { type: 'object', properties: { paths: { type: 'array', items: { type: 'string' } } } },
        annotations: { title: 'Find', readOnlyHint: true, openWorldHint: false },
        icons: [{ src: 'https://example.com/find.png', mimeType: 'image/png', sizes: ['48x48'] }],
        _meta: { 'com.example/order': 1 },
        'x-vendor': { kept: true },
      },
      { name: 'other', description: 'Does other things.', inputSchema: { type: 'object' } },
    ],
    prompts: [
      {
        name: 'ask',
        title: 'Ask',
        description: 'Asks.',
        arguments: [{ name: 'topic', description: 'Of what', required: true }],
      },
      { name: 'spare' },
    ],
    resources: [
      {
        uri: 'file:///one.txt',
        name: 'one',
        title: 'One',
        description: 'The first.',
        mimeType: 'text/plain',
        size: 10,
        annotations: { audience: ['user'], priority: 0.5 },
      },
      { uri: 'file:///two.txt', name: 'two' },
    ],
    resourceTemplates: [
      {
        uriTemplate: 'note:///{id}',
        name: 'note',
        title: 'Note',
        description: 'A note.',
        mimeType: 'text/plain',
      },
      { uriTemplate: 'spare:///{id}', name: 'spare' },
    ],
    instructions: 'Call find first.',
  };
}

/** Starts a server of one era on loopback, with what it offers at first. */
export function startChanging(
  era: 'modern' | 'legacy',
  offers: Offers = usualOffers(),
): Promise<ChangingServer> {
  return era === 'modern' ? startModern(offers) : startLegacy(offers);
}

/** What both eras do. */
function createMethods(offers: Offers): {
  readonly state: Pick<ChangingServer, 'beforeCall' | 'offersTo' | 'isBroken' | 'used'>;
  readonly answer: (method: string, params: Json, authorization: string) => Json | undefined;
} {
  const used: string[] = [];
  const state: Pick<ChangingServer, 'beforeCall' | 'offersTo' | 'isBroken' | 'used'> = {
    beforeCall: () => undefined,
    offersTo: undefined,
    isBroken: false,
    used,
  };
  const answer = (method: string, params: Json, authorization: string): Json | undefined => {
    const list = LISTS[method];
    if (list !== undefined) {
      if (state.isBroken) throw new Fault(-32_603, 'Internal error');
      const shown = { ...offers, ...state.offersTo?.(authorization) };
      return { [list]: shown[list] };
    }
    const name = String(params['name'] ?? params['uri'] ?? '');
    switch (method) {
      case 'tools/call':
        used.push(name);
        state.beforeCall();
        return text(`ran ${name}`);
      case 'prompts/get':
        used.push(name);
        return { messages: [{ role: 'user', content: { type: 'text', text: `asked ${name}` } }] };
      case 'resources/read':
        used.push(name);
        return { contents: [{ uri: name, text: `read ${name}` }] };
      case 'completion/complete':
        used.push('completion');
        return { completion: { values: ['done'] } };
      default:
        return undefined;
    }
  };
  return { state, answer };
}

async function startModern(offers: Offers): Promise<ChangingServer> {
  const { state, answer } = createMethods(offers);
  const ofMethod = (method: string): [string, (turn: { params: Json; headers: object }) => Json] => [
    method,
    ({ params, headers }) => ({
      ...answer(method, params, String(Object(headers).authorization ?? '')),
      ...NOT_KEPT,
    }),
  ];
  const methods = [
    ...Object.keys(LISTS),
    'tools/call',
    'prompts/get',
    'resources/read',
    'completion/complete',
  ];
  const server: ScriptedServer = await startScripted({
    methods: {
      ...Object.fromEntries(methods.map(ofMethod)),
      'server/discover': () => ({
        supportedVersions: ['2026-07-28'],
        capabilities: CAPABILITIES,
        ...(offers.instructions !== undefined && { instructions: offers.instructions }),
        ...NOT_KEPT,
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'changing', version: '1.0.0' } },
      }),
    },
  });
  return Object.assign(state, {
    url: server.url,
    offers,
    asked: (method: string) => server.requests(method).length,
    announce: (change: 'tools' | 'prompts' | 'resources') => server.announce(change),
    close: () => server.close(),
  });
}

async function startLegacy(offers: Offers): Promise<ChangingServer> {
  const { state, answer } = createMethods(offers);
  const asked: string[] = [];
  const streams = new Set<ReturnType<typeof openStream>>();
  let sessions = 0;
  const http = await startHttpUpstream(({ method: verb, body, headers, res }) => {
    if (verb === 'GET') {
      streams.add(openStream(res));
      res.once('close', () => streams.delete(res));
      return;
    }
    if (verb !== 'POST') {
      res.writeHead(200).end();
      return;
    }
    const { id, method, params = {} }: { id?: unknown; method: string; params?: Json } = JSON.parse(body);
    asked.push(method);
    if (id === undefined) {
      res.writeHead(202).end();
      return;
    }
    if (method === 'initialize') {
      sessions += 1;
      res.setHeader('mcp-session-id', `session-${sessions}`);
      const serverInfo = { name: 'changing', version: '1.0.0' };
      const { instructions } = offers;
      const result = { protocolVersion: '2025-11-25', capabilities: CAPABILITIES, serverInfo, instructions };
      sendJson(res, { jsonrpc: '2.0', id, result });
      return;
    }
    const result = method === 'ping' ? {} : answer(method, params, String(headers.authorization ?? ''));
    const error = { code: -32_601, message: 'Method not found' };
    sendJson(res, { jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) });
  });
  return Object.assign(state, {
    url: http.url.href,
    offers,
    asked: (method: string) => asked.filter((one) => one === method).length,
    announce: (change: 'tools' | 'prompts' | 'resources') => {
      const message = { jsonrpc: '2.0', method: `notifications/${change}/list_changed` };
      for (const stream of streams) stream.write(event(message));
    },
    close: () => http.close(),
  });
}
