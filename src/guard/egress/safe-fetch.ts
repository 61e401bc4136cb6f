import { lookup } from 'node:dns/promises';
import { createSecureContext, getCACertificates } from 'node:tls';
import { GatewardError } from '../../errors.ts';
import { Abort, firstAbort } from '../../lib/abort.ts';
import { fetchOnce, type OneReply } from './fetch-once.ts';
import { type JudgeAddress, judgeAddress } from './judge-address.ts';
import { hostOf, judgeUrl, privateHosts, type ReachRules } from './judge-url.ts';
import type { Resolve } from './judged-connect.ts';
import { PURPOSES, type Purpose } from './purposes.ts';

/** What fetches work with. Only `userAgent` must be given. */
export interface SafeFetchOptions {
  readonly userAgent: string;
  /** In place of the system's resolver. */
  readonly resolve?: Resolve;
  /** In place of the rules for public addresses. */
  readonly judge?: JudgeAddress;
  /** Authorities in PEM that may sign for servers, beside those of the system. */
  readonly ca?: string | undefined;
  /**
   * Names whose addresses may be private ones (never loopback, link-local or a cloud's metadata), for a company's own
   * network; `*` stands for any characters. Whoever can name such a host reaches it with the gateway's rights.
   */
  readonly dangerouslyReachPrivateHosts?: readonly string[];
  /** Milliseconds for everything, where that is less than the purpose's own. */
  readonly timeoutMs?: number;
}

/** How one document is fetched. */
export interface FetchTerms {
  readonly purpose: Purpose;
  readonly signal: AbortSignal;
}

/** A document that was fetched. */
export interface FetchedDocument {
  /** Where it came from, redirects followed. */
  readonly url: string;
  /** Its media type, in lower case and without parameters. */
  readonly type: string;
  readonly bytes: Buffer;
  /** The Cache-Control header; empty without one. */
  readonly cacheControl: string;
}

/**
 * Fetches a document from an address that did not come from the operator. Rejects with EGRESS_REFUSED for an address
 * that may not be asked, with EGRESS_FAILED for one that does not give what was asked for, or with the signal's reason.
 */
export type SafeFetch = (url: string, terms: FetchTerms) => Promise<FetchedDocument>;

/** Fetches under way at once; more are refused, since strangers can start them. */
const MAX_AT_ONCE = 64;

const resolveBySystem: Resolve = (host) => lookup(host, { all: true, order: 'verbatim' });

/**
 * Makes the one way out for addresses of strangers: https only, to public addresses that are judged as they are
 * connected to, each redirect judged again, within the bounds of the purpose. It carries no credentials and no
 * cookies, and goes through no proxy.
 */
export function createSafeFetch(options: SafeFetchOptions): SafeFetch {
  const { userAgent, ca, resolve = resolveBySystem, judge = judgeAddress } = options;
  const reach: ReachRules = {
    judge,
    isPrivateHost: privateHosts(options.dangerouslyReachPrivateHosts ?? []),
  };
  const secureContext =
    ca === undefined ? undefined : createSecureContext({ ca: [...getCACertificates('default'), ca] });
  let underWay = 0;
  return async (text, { purpose, signal }) => {
    const rules = PURPOSES[purpose];
    const first = judgeUrl(text, reach);
    if (underWay >= MAX_AT_ONCE)
      throw new GatewardError('EGRESS_FAILED', {
        detail: 'Too much is fetched at once.',
        retryAfterSeconds: 1,
      });
    underWay += 1;
    const timeoutMs = Math.min(rules.timeoutMs, options.timeoutMs ?? rules.timeoutMs);
    const late = new Abort();
    const timer = setTimeout(() => {
      late.abort(new GatewardError('EGRESS_FAILED', { detail: 'It did not answer in time.' }));
    }, timeoutMs).unref();
    const ending = firstAbort([signal, late]);
    const ask = (url: URL): Promise<OneReply> =>
      fetchOnce({
        url,
        rules,
        connect: { host: hostOf(url), rules: reach, resolve, secureContext, timeoutMs },
        userAgent,
        signal: ending,
      });
    try {
      return await follow(first, { ask, rules: rules.redirects, reach });
    } finally {
      clearTimeout(timer);
      ending.release();
      underWay -= 1;
    }
  };
}

interface Following {
  readonly ask: (url: URL) => Promise<OneReply>;
  readonly rules: { readonly max: number; readonly stayOnOrigin: boolean };
  readonly reach: ReachRules;
}

async function follow(first: URL, { ask, rules, reach }: Following): Promise<FetchedDocument> {
  let url = first;
  for (let left = rules.max; ; left -= 1) {
    const reply = await ask(url);
    if (reply.kind === 'document') {
      const { type, bytes, cacheControl } = reply;
      return { url: url.href, type, bytes, cacheControl };
    }
    if (left === 0) throw redirectRefused(rules.max === 0 ? 'It redirects.' : 'It redirects too often.');
    const { location } = reply;
    if (location === '' || !URL.canParse(location, url.href))
      throw redirectRefused('It redirects to nowhere.');
    const next = judgeUrl(new URL(location, url).href, reach);
    if (rules.stayOnOrigin && next.origin !== url.origin)
      throw redirectRefused('It redirects to another origin.');
    url = next;
  }
}

function redirectRefused(detail: string): GatewardError {
  return new GatewardError('EGRESS_FAILED', { detail });
}
