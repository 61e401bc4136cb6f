import type { ErrorCode } from './errors.ts';
import type { Abortable } from './lib/abort.ts';
import type { JsonText } from './lib/json-text.ts';

/**
 * What the inside of Gateward speaks: modern calls and their outcomes (DESIGN: "The one idea"). Doors make calls out
 * of what clients send, connectors carry them to upstreams. Both are read-only: a step that changes one makes a new one.
 */
export interface Call {
  /** The whole JSON-RPC request of the modern era, as it came or as a step rewrote it. */
  readonly message: JsonText;
  /** The raw text of the JSON-RPC id. Never parsed, so that `1`, `"1"` and 2^63 stay what they are. */
  readonly id: string;
  readonly method: string;
  /** What the call is about: `params.name`, `params.uri` or `params.taskId`, by method. */
  readonly name: string | undefined;
  readonly meta: CallMeta;
  /** Ends the call: the client is gone or has cancelled, or the gateway stops. */
  readonly signal: Abortable;
  /** Takes the notifications that precede the outcome. */
  readonly notify: Notify;
  /** What only the legacy era knows. Never written to a modern wire. */
  readonly legacy: LegacyCall | undefined;
  /**
   * `Principal.key` of who calls: what is one caller's own is bound to it. Absent where the gateway asks for itself, and
   * until the caller is known.
   */
  readonly principal?: string;
  /** It came from another replica, which held that this one has what it needs: it is not sent on to a third. */
  readonly forwarded?: boolean;
  /** The call is a task's, or may become one. */
  readonly task?: TaskCall;
}

/** What a call that a task may rest on tells beside its outcome. */
export interface TaskCall {
  /**
   * Takes a state by which the call, while it is under way, can be gone on with at any replica should this one die: the
   * same call with it as `requestState` and without answers attaches to it or takes it over. A later state replaces the
   * one before.
   */
  readonly onResumable: (requestState: string) => void;
  /** A replica that died may have sent this very call already. */
  readonly again?: boolean;
  /** The call goes to the upstream's connector now. Before that, nothing was run. */
  readonly onSent?: () => void;
}

/** The per-request `_meta` of 2026-07-28 (basic §_meta), each value as its bytes came. */
export interface CallMeta {
  readonly protocolVersion: string;
  readonly clientCapabilities: JsonText;
  readonly clientInfo: JsonText | undefined;
  readonly logLevel: string | undefined;
  /** Keeps its type: string or integer. */
  readonly progressToken: JsonText | undefined;
}

/**
 * Takes one whole JSON-RPC notification. A promise asks the sender to wait before the next one, so that a slow
 * reader costs bounded memory.
 */
export type Notify = (notification: JsonText) => Promise<void> | undefined;

/** The private fields of a call of a legacy client. */
export interface LegacyCall {
  readonly session: LegacySession;
  /** Answers of the client to reverse requests that were errors, by input request key: raw JSON-RPC error objects. */
  readonly refusals: ReadonlyMap<string, JsonText>;
  /** What the upstream does with the stream of this call; a door may do the same. */
  readonly stream?: StreamHints | undefined;
  /** A replica that died may have sent this very call already. */
  readonly again?: boolean;
  /** The client asks for a task (2025-11-25 basic/utilities/tasks): its wish how long it is kept, where it has one. */
  readonly task?: { readonly ttlMs: number | undefined };
}

/** How a legacy upstream answers one call over HTTP. */
export interface StreamHints {
  /** It answers on a stream. */
  readonly opened: () => void;
  /** It hung up and asked to be polled after `retryMs`; the call goes on (2025-11-25 basic/transports §Sending Messages). */
  readonly hungUp: (retryMs: number) => void;
}

/** The client's session, to which upstream sessions and processes of its own can be tied. */
export interface LegacySession {
  /** `Principal.key` of who opened it; nobody else may use it. */
  readonly principal: string;
  /** Unguessable and never reused; ties upstream sessions to this one. */
  readonly key: string;
  /** The client's revision, e.g. `2025-06-18`. */
  readonly version: string;
  /**
   * What its client can be asked, as `_meta` of its calls carries it. Upstream sessions of its own declare just this,
   * whichever call opens them.
   */
  readonly capabilities: JsonText;
  /** Aborts when the session ends, however it ends. */
  readonly ended: AbortSignal;
  /**
   * Takes what an upstream session of this session sends that belongs to no call: log messages, and reverse requests
   * such as `roots/list` after `initialized`. Answers a reverse request with a whole JSON-RPC response object that
   * carries the id of the request; undefined for notifications.
   */
  readonly unbound: (message: JsonText) => Promise<JsonText | undefined>;
  /**
   * Registers what runs when the client says that its roots changed, until the signal aborts. Undefined for a client
   * that did not declare `roots.listChanged`.
   */
  readonly onRootsChanged?: ((run: () => void, until: AbortSignal) => void) | undefined;
}

/** How a call ended. */
export type Outcome = (Complete | InputRequired | TaskMade | Failed) & {
  /** Who called, as far as it was known where the outcome arose. */
  readonly principal?: Principal;
};

/** A result: `result` is the whole result object, `resultType` included. */
export interface Complete {
  readonly kind: 'complete';
  readonly result: JsonText;
  /** The tool's output schema has no object at its root, so legacy clients know it inside of one. */
  readonly wrapped?: boolean;
}

/** The upstream needs input before it goes on (2026-07-28 patterns/mrtr): a whole InputRequiredResult. */
export interface InputRequired {
  readonly kind: 'input_required';
  readonly result: JsonText;
  readonly legacy: LegacyInputRequired | undefined;
}

/** What a legacy upstream said beside its reverse requests, for a legacy client only. */
export interface LegacyInputRequired {
  /** `elicitationId` of url elicitations, by input request key. */
  readonly elicitationIds: ReadonlyMap<string, string>;
  /** Registers what runs when the upstream withdraws a reverse request before it is answered. */
  readonly onWithdrawn: (run: (key: string) => void) => void;
}

/**
 * The call goes on as a task (tasks extension): a whole CreateTaskResult. Below `runAsTask` the task is the upstream's,
 * which every upstream may make of a `tools/call`, whatever the client declared; above it is Gateward's own, and its
 * client knows tasks.
 */
export interface TaskMade {
  readonly kind: 'task';
  readonly result: JsonText;
}

/** A JSON-RPC error: `error` is the whole error object. `code` is set when Gateward made it. */
export interface Failed {
  readonly kind: 'error';
  readonly error: JsonText;
  readonly code: ErrorCode | undefined;
  /** Seconds for Retry-After, where trying again makes sense. */
  readonly retryAfterSeconds: number | undefined;
}

/** Who calls, and how that was proved. */
export interface Principal {
  /** Stable text made of issuer, subject and client; what sessions, cursors and states are bound to. */
  readonly key: string;
  /** `local`: whoever reaches the loopback. `key`: the holder of a key. */
  readonly kind: 'local' | 'key';
  /** Names of the servers that it may use; absent for all. */
  readonly servers?: ReadonlySet<string>;
}

/**
 * Says who sent a request with these headers; a plain value where nothing has to be read first. Throws, or rejects
 * with, KEY_REQUIRED, KEY_INVALID or STORE_UNAVAILABLE.
 */
export type Authenticate = (headers: Inbound['headers']) => Principal | Promise<Principal>;

/** Who may call. */
export interface Callers {
  readonly authenticate: Authenticate;
  /** The principal of a `Principal.key` as it is now, for work that goes on without a request. Throws as `authenticate`. */
  readonly recall: (principal: string) => Principal | Promise<Principal>;
  /**
   * Runs once when a principal may not call any more, so that its streams end; the function that comes back calls it
   * off. Never for one that is `local`.
   */
  readonly watch: (principal: string, onEnd: () => void) => () => void;
}

/** What a door hands to the pipeline: a call, the server it is meant for, and what the transport said of it. */
export interface Inbound {
  /** Name of the server in the configuration; `all` for the one at `/mcp`. */
  readonly server: string;
  readonly call: Call;
  /** The request's headers in lower case, each at most once where MCP reads it; undefined on stdio. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> | undefined;
  /**
   * Who calls, where that was proved before. Without it the headers say so; without those it is who opened the call's
   * session, if they may still call.
   */
  readonly principal?: Principal;
}

/** The pipeline as one door sees it. Never rejects: a refusal is an outcome too. */
export type Handle = (inbound: Inbound) => Promise<Outcome>;

/**
 * Identity of the upstream credential in use, its scopes, and what the caller may see, as one text. Pools, caches
 * and listens are keyed by it, so nothing crosses from one context to another.
 */
export type AuthorizationContext = string;

/** The context of an upstream that everybody reaches by the operator's credential, and of what the gateway itself asks. */
export const OPERATOR: AuthorizationContext = 'operator';
