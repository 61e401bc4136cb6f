/**
 * Every error that Gateward makes, in one list. `docs/errors.md` is generated from it.
 *
 * `rpc` is the JSON-RPC code, or null where the error never travels in a JSON-RPC message. `status` is the HTTP
 * status while no stream is committed. `text` is public: it says what happened and what to do, and never names
 * anything internal. Gateward's own JSON-RPC codes are positive, outside the range that JSON-RPC and MCP reserve
 * (MCP 2026-07-28 basic §Error Codes).
 */
export interface ErrorDefinition {
  readonly rpc: number | null;
  readonly status: number;
  readonly text: string;
}

const define = <T extends Record<string, ErrorDefinition>>(list: T): T => list;

/** The list. A key is the stable name of an error. */
export const ERRORS = define({
  PARSE_ERROR: {
    rpc: -32700,
    status: 400,
    text: 'The body is not valid JSON. Send one JSON-RPC message in UTF-8, each key once in its object.',
  },
  INVALID_REQUEST: {
    rpc: -32600,
    status: 400,
    text: 'The body is not a JSON-RPC request that this endpoint takes.',
  },
  ENVELOPE_INVALID: {
    rpc: -32602,
    status: 400,
    text: "The request's _meta lacks what this revision requires. Send io.modelcontextprotocol/protocolVersion and io.modelcontextprotocol/clientCapabilities.",
  },
  METHOD_NOT_FOUND: { rpc: -32601, status: 404, text: 'The server does not offer this method.' },
  INVALID_PARAMS: { rpc: -32602, status: 200, text: 'The parameters do not fit the method.' },
  UNKNOWN_TOOL: { rpc: -32602, status: 200, text: 'No such tool here. List the tools again.' },
  UNKNOWN_PROMPT: { rpc: -32602, status: 200, text: 'No such prompt here. List the prompts again.' },
  UNKNOWN_RESOURCE: { rpc: -32602, status: 200, text: 'No such resource here. List the resources again.' },
  CURSOR_INVALID: {
    rpc: -32602,
    status: 200,
    text: 'The cursor is not valid here or has expired. List again from the start.',
  },
  STATE_INVALID: {
    rpc: -32602,
    status: 200,
    text: 'The requestState is not valid for this call or has expired. Send the call again without it.',
  },
  HEADER_MISMATCH: {
    rpc: -32020,
    status: 400,
    text: 'An MCP header is missing, malformed or differs from the body.',
  },
  MISSING_CAPABILITY: {
    rpc: -32021,
    status: 400,
    text: 'The call needs a client capability that the request does not declare.',
  },
  UNSUPPORTED_VERSION: {
    rpc: -32022,
    status: 400,
    text: 'The protocol version is not supported. Choose one of data.supported.',
  },
  INTERNAL_ERROR: {
    rpc: -32603,
    status: 200,
    text: 'The gateway failed to handle the request. Its log has the cause.',
  },
  TOO_MANY_STREAMS: { rpc: -32603, status: 200, text: 'Too many streams are open. Close one and try again.' },
  UPSTREAM_UNAVAILABLE: {
    rpc: -32603,
    status: 200,
    text: 'The MCP server behind the gateway cannot be reached. Nothing was run; try again later.',
  },
  UPSTREAM_LOST: {
    rpc: -32603,
    status: 200,
    text: 'The connection to the MCP server behind the gateway was lost before it answered. The call may have run.',
  },
  UPSTREAM_FAILED: {
    rpc: -32603,
    status: 200,
    text: 'The MCP server behind the gateway answered with an HTTP error. The call may have run.',
  },
  UPSTREAM_TIMEOUT: {
    rpc: -32603,
    status: 200,
    text: 'The MCP server behind the gateway did not answer in time. The call may have run.',
  },
  UPSTREAM_INVALID: {
    rpc: -32603,
    status: 200,
    text: 'The MCP server behind the gateway sent an answer that is not valid MCP.',
  },
  UPSTREAM_REFUSED: {
    rpc: -32603,
    status: 200,
    text: "The MCP server behind the gateway refused the gateway's credentials.",
  },
  INPUT_NOT_GIVEN: {
    rpc: -32603,
    status: 200,
    text: 'The input that the call asked for was refused or did not come in time.',
  },
  RATE_LIMITED: {
    rpc: 1001,
    status: 429,
    text: 'Too many requests. Wait for the time in Retry-After and try again.',
  },
  STOPPING: { rpc: 1002, status: 503, text: 'The gateway is stopping. Try again in a moment.' },
  ORIGIN_REFUSED: {
    rpc: 1003,
    status: 403,
    text: 'Requests from this Origin are not allowed. Name it in listen.allowedOrigins.',
  },
  HOST_REFUSED: {
    rpc: 1004,
    status: 403,
    text: "This Host is not one of the gateway's names. Name it in listen.allowedHosts or set publicUrl.",
  },
  HEADER_INVALID: {
    rpc: 1005,
    status: 400,
    text: 'A header that may stand once stands more than once or is malformed.',
  },
  BODY_TOO_LARGE: { rpc: 1006, status: 413, text: 'The body is larger than this gateway takes.' },
  MEDIA_TYPE_UNSUPPORTED: {
    rpc: 1007,
    status: 415,
    text: 'Send the body as Content-Type: application/json in UTF-8.',
  },
  NOT_ACCEPTABLE: {
    rpc: 1008,
    status: 406,
    text: 'The Accept header excludes every form that the answer can take. Accept application/json and text/event-stream.',
  },
  HTTP_METHOD_NOT_ALLOWED: {
    rpc: 1009,
    status: 405,
    text: 'This HTTP method is not offered here. See the Allow header.',
  },
  PATH_NOT_FOUND: { rpc: 1010, status: 404, text: 'Nothing is served at this path.' },
  SERVER_NOT_FOUND: { rpc: 1011, status: 404, text: 'No MCP server has this name here.' },
  BODY_TIMEOUT: { rpc: 1012, status: 408, text: 'The request did not arrive in time.' },
  SESSION_REQUIRED: {
    rpc: 1013,
    status: 400,
    text: 'The request needs an Mcp-Session-Id. Send initialize first.',
  },
  SESSION_NOT_FOUND: {
    rpc: 1014,
    status: 404,
    text: 'The session has ended or is not known here. Send initialize again.',
  },
  VERSION_HEADER_INVALID: {
    rpc: 1015,
    status: 400,
    text: 'The MCP-Protocol-Version header names a version that this session does not speak.',
  },
  STREAM_NOT_FOUND: {
    rpc: 1016,
    status: 400,
    text: 'The stream of this Last-Event-ID cannot be resumed. Send the request again.',
  },
  HEADERS_TOO_LARGE: {
    rpc: 1017,
    status: 431,
    text: 'The headers of the request are larger than this gateway takes.',
  },
  HTTP_MALFORMED: {
    rpc: 1018,
    status: 400,
    text: 'This is not an HTTP/1.1 request that the gateway can read.',
  },
  STORE_UNAVAILABLE: {
    rpc: 1019,
    status: 503,
    text: "The gateway cannot reach or write its store. Try again in a moment; the gateway's log has the cause.",
  },
  KEY_EXISTS: {
    rpc: null,
    status: 409,
    text: 'A key that is not revoked has this name. Choose another name, or revoke that key first.',
  },
  KEY_REQUIRED: {
    rpc: 1020,
    status: 401,
    text: 'This gateway needs a key. Send it as: Authorization: Bearer gwk_...',
  },
  KEY_INVALID: {
    rpc: 1021,
    status: 401,
    text: 'The key is not valid: it is unknown, revoked or has expired. Ask the operator of the gateway for another.',
  },
  STORE_TOO_NEW: {
    rpc: null,
    status: 500,
    text: 'The store belongs to a newer Gateward, which this one cannot work beside. Install the newer one.',
  },
  KEY_NOT_FOUND: {
    rpc: null,
    status: 404,
    text: 'No key that is not revoked has this id or name. See: gateward key list',
  },
  TASK_NOT_FOUND: {
    rpc: -32602,
    status: 200,
    text: 'There is no such task here, or it is no longer kept.',
  },
  TASK_LIMIT: {
    rpc: 1022,
    status: 429,
    text: 'The caller has as many tasks as it may have. Cancel some, or wait until old ones are deleted.',
  },
  TASK_RESULT_TOO_LARGE: {
    rpc: 1023,
    status: 200,
    text: 'The call ran, but its result is larger than a task may keep. Ask for less at a time.',
  },
  TASK_DEADLINE: {
    rpc: 1024,
    status: 200,
    text: 'The task was not over by its deadline. A call that it made may have run.',
  },
  TASK_INTERRUPTED: {
    rpc: 1025,
    status: 200,
    text: 'The task was interrupted, and its call is not safe to repeat. The call may have run.',
  },
  TASK_CANCELLED: { rpc: 1026, status: 200, text: 'The task was cancelled.' },
  TASK_NOT_FAILED: {
    rpc: null,
    status: 409,
    text: 'Only a task that has failed, and whose call is still known, can be tried again.',
  },
  LAUNCH_NOT_APPROVED: {
    rpc: 1027,
    status: 200,
    text: 'Nobody has approved the command of this MCP server, so it was not started. The operator can, with gateward server approve.',
  },
  LAUNCH_REFUSED: {
    rpc: 1028,
    status: 200,
    text: 'The command of this MCP server is refused: nobody could tell what it runs. See gateward launch check.',
  },
  SANDBOX_UNAVAILABLE: {
    rpc: 1029,
    status: 200,
    text: 'This MCP server may run in its sandbox only, and that cannot be made here. gateward doctor says why.',
  },
  DEFINITION_NOT_APPROVED: {
    rpc: 1030,
    status: 200,
    text: 'This is new, or has changed since it was approved, so it was not run. The operator can read the change with gateward server diff, and allow it with gateward server approve.',
  },
  UPSTREAM_NOT_APPROVED: {
    rpc: 1031,
    status: 200,
    text: 'The MCP server behind this name was never approved, or is not the one that was, so nothing was run. The operator can read what it is with gateward server diff, and allow it with gateward server approve.',
  },
  FLOW_NOT_APPROVED: {
    rpc: 1032,
    status: 200,
    text: 'The tool was not run: its arguments hold, or may hold, what an untrusted MCP server returned, and it would pass that on.',
  },
  RESULT_WITHHELD: {
    rpc: 1033,
    status: 200,
    text: 'The call ran, but its result holds instructions for a model, so it was withheld.',
  },
  APPROVAL_NOT_FOUND: {
    rpc: null,
    status: 404,
    text: 'There is no such thing to decide on; gateward server diff shows what waits.',
  },
  EGRESS_REFUSED: {
    rpc: null,
    status: 403,
    text: 'The address is not fetched: it did not come from the operator, and it is not a public https address.',
  },
  EGRESS_FAILED: {
    rpc: null,
    status: 502,
    text: 'The address did not give what was asked for, within the bounds of size and time.',
  },
  NOT_CONFIRMED: {
    rpc: null,
    status: 409,
    text: 'Nobody agreed, so nothing was changed.',
  },
  CLIENT_CONFIG_INVALID: {
    rpc: null,
    status: 422,
    text: "The client's configuration file cannot be read or written as it is. It was left alone.",
  },
  SEAL_MISSING: {
    rpc: null,
    status: 404,
    text: 'These configuration files were never sealed. Seal them first: gateward seal',
  },
  SEAL_INVALID: {
    rpc: null,
    status: 422,
    text: 'The seal was changed or belongs to another key, so nothing can be said of the files. Look at them, then seal them anew: gateward seal --accept',
  },
  ADMIN_KEY_REQUIRED: {
    rpc: null,
    status: 401,
    text: "This needs the administrator's key. It is in the file admin.key of the data folder.",
  },
  ADMIN_NOT_FOUND: { rpc: null, status: 404, text: 'The admin API has nothing at this path.' },
  CONFIG_INVALID: { rpc: null, status: 422, text: 'The configuration is not valid.' },
  CONFIG_UNREADABLE: { rpc: null, status: 422, text: 'The configuration file cannot be read.' },
  INSECURE_LISTEN: {
    rpc: null,
    status: 422,
    text: 'Without authentication the gateway listens on loopback only. Set listen.host to 127.0.0.1 or ::1, or auth.keys to true.',
  },
  LISTEN_FAILED: { rpc: null, status: 500, text: 'The gateway cannot listen on its address.' },
  DATA_FOLDER_UNUSABLE: { rpc: null, status: 500, text: 'The data folder cannot be used.' },
  SECRET_INVALID: {
    rpc: null,
    status: 500,
    text: 'The master secret is not usable. Give GATEWARD_SECRET at least 32 bytes, or remove the broken file to make a new one.',
  },
  GATEWAY_UNREACHABLE: {
    rpc: null,
    status: 502,
    text: 'No running gateway answers; gateward serve starts one.',
  },
  INPUT_UNREADABLE: { rpc: null, status: 422, text: 'What the command was given to read is not usable.' },
  LAUNCH_FAILED: { rpc: null, status: 502, text: 'The command of an upstream could not be started.' },
});

/** The stable name of an error: what scripts, logs and the audit compare. */
export type ErrorCode = keyof typeof ERRORS;

/** What may be said about one error beside its code. */
export interface ErrorDetail {
  /** A public sentence with the particulars; it follows the code's own text. */
  readonly detail?: string | undefined;
  /** The public `data` member of the JSON-RPC error. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  /** What lies behind it. For the log, never for a client. */
  readonly cause?: unknown;
  /** Seconds after which trying again makes sense; sent as Retry-After. */
  readonly retryAfterSeconds?: number | undefined;
}

/** An error with a code of the list. Its message is public. */
export class GatewardError extends Error {
  override readonly name = 'GatewardError';
  readonly code: ErrorCode;
  readonly data: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, more: ErrorDetail = {}) {
    const text = ERRORS[code].text;
    super(more.detail === undefined ? text : `${text} ${more.detail}`, { cause: more.cause });
    this.code = code;
    this.data = more.data;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** The error itself if it has a code, otherwise INTERNAL_ERROR with it as the cause. */
export function toGatewardError(error: unknown): GatewardError {
  return error instanceof GatewardError ? error : new GatewardError('INTERNAL_ERROR', { cause: error });
}
