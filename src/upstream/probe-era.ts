/** Which era a server speaks, judged by its answer to `server/discover` (2026-07-28 versioning, transports). */
import { GatewardError } from '../errors.ts';
import { JsonText } from '../lib/json-text.ts';
import { writeRequest } from '../wire/message.ts';
import { META_KEYS } from '../wire/meta-keys.ts';
import { isModernVersion, MODERN_VERSIONS } from '../wire/versions.ts';

/** How a server answered the probe. */
export type ProbeAnswer =
  | { readonly kind: 'result'; readonly result: JsonText }
  /** `status` is undefined on stdio. */
  | { readonly kind: 'error'; readonly error: JsonText; readonly status: number | undefined }
  /** HTTP, and no JSON-RPC in it. `error` says what the status means. */
  | { readonly kind: 'status'; readonly status: number; readonly error: GatewardError }
  /** Nothing in time, no connection, or the process ended. */
  | { readonly kind: 'silent'; readonly channel: 'http' | 'stdio'; readonly error: GatewardError };

/** What the answer says. */
export type ProbeVerdict =
  /** `discover` is missing where the server refused to tell, though in the modern way. */
  | { readonly kind: 'modern'; readonly version: string; readonly discover: JsonText | undefined }
  /** Modern, but in this version: ask once more. */
  | { readonly kind: 'retry'; readonly version: string }
  | { readonly kind: 'legacy' }
  /** Legacy if `initialize` succeeds; HTTP+SSE perhaps if it gives 400, 404 or 405. Otherwise the error stands. */
  | { readonly kind: 'ask-initialize'; readonly error: GatewardError }
  | { readonly kind: 'none'; readonly error: GatewardError };

const HEADER_MISMATCH = -32020;
const MISSING_CAPABILITY = -32021;
const VERSION_REFUSED = -32022;

/** The probe itself. It declares no capabilities: nothing is asked back. */
export function writeProbe(version: string, clientInfo: JsonText): JsonText {
  const meta = JsonText.written('{}').with({
    [META_KEYS.protocolVersion]: JsonText.of(version),
    [META_KEYS.clientCapabilities]: JsonText.written('{}'),
    [META_KEYS.clientInfo]: clientInfo,
  });
  return writeRequest(PROBE_ID, 'server/discover', JsonText.written('{}').with({ _meta: meta }));
}

/** Raw id of the probe. A plain number, since some servers take nothing else. */
export const PROBE_ID = '1';

/** Judges one answer. `version` is the one that was asked for. */
export function judgeProbe(answer: ProbeAnswer, version: string): ProbeVerdict {
  switch (answer.kind) {
    case 'result':
      return judgeResult(answer.result);
    case 'error':
      return judgeError(answer.error, answer.status, version);
    case 'status':
      return judgeStatus(answer.status, answer.error);
    case 'silent':
      // A process that ends or stays silent at an unknown message is how old servers refuse it; a network is not.
      return answer.channel === 'stdio' ? { kind: 'legacy' } : { kind: 'none', error: answer.error };
  }
}

function judgeResult(result: JsonText): ProbeVerdict {
  const supported = stringsOf(result.get('supportedVersions'));
  const version = commonVersion(supported);
  if (version === undefined || result.get('capabilities')?.kind !== 'object') return { kind: 'legacy' };
  return { kind: 'modern', version, discover: result };
}

function judgeError(error: JsonText, status: number | undefined, version: string): ProbeVerdict {
  const code = error.get('code')?.value();
  if (code === VERSION_REFUSED) return judgeRefusedVersion(stringsOf(error.at('data', 'supported')), version);
  // Both codes exist in the modern era only, where they ask for a better request, not for another era.
  if (code === HEADER_MISMATCH || code === MISSING_CAPABILITY)
    return { kind: 'modern', version, discover: undefined };
  if (status === undefined || status < 500) return { kind: 'legacy' };
  // Some legacy servers fail so at a method that they do not know; a modern one in trouble may too.
  return { kind: 'ask-initialize', error: invalid(`It answered HTTP ${status}.`) };
}

function judgeRefusedVersion(supported: readonly string[], asked: string): ProbeVerdict {
  const version = commonVersion(supported);
  if (version === asked)
    return { kind: 'none', error: invalid('It refuses the version that it says it supports.') };
  if (version !== undefined) return { kind: 'retry', version };
  if (supported.length > 0 && !supported.some(isModernVersion)) return { kind: 'legacy' };
  return { kind: 'none', error: invalid('It speaks only versions that this gateway does not know.') };
}

function judgeStatus(status: number, error: GatewardError): ProbeVerdict {
  const isRefusal = status >= 400 && status < 500 && error.code === 'UPSTREAM_INVALID';
  return isRefusal ? { kind: 'ask-initialize', error } : { kind: 'none', error };
}

function commonVersion(supported: readonly string[]): string | undefined {
  return MODERN_VERSIONS.find((version) => supported.includes(version));
}

function stringsOf(list: JsonText | undefined): string[] {
  return (list?.items() ?? []).flatMap((item) => item.string() ?? []);
}

function invalid(detail: string): GatewardError {
  return new GatewardError('UPSTREAM_INVALID', { detail });
}
