/** The part of the configuration schema that describes how clients reach the gateway. */
import { z } from 'zod';
import { isAddressOrNetwork, milliseconds, pathField, textField, wholeNumber } from './schema-fields.ts';

/** RFC 6454 §6.2: scheme, host and port, and nothing after them. Editors use schemes of their own. */
const ORIGIN = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^\s/?#@*]+$/;
const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9._-]*[a-zA-Z0-9])?\.?)(?::\d{1,5})?$/;

const perAddressSchema = z.strictObject({
  requestsPerSecond: wholeNumber(0, 10_000_000)
    .optional()
    .describe(
      'Requests that one address may send in a second, on average. 0 is no limit. Without it: no limit while `host` is loopback and `trustedProxies` is empty, otherwise 1000.',
    ),
  burst: wholeNumber(1, 10_000_000)
    .optional()
    .describe('Requests that one address may send at once. Without it, twice `requestsPerSecond`.'),
});

/** `listen`: address, names and bounds of the HTTP door. */
export const listenSchema = z.strictObject({
  host: textField(255)
    .default('127.0.0.1')
    .describe(
      'The address to listen on. Without `auth.keys` only loopback is allowed: 127.0.0.1, ::1 or localhost.',
    ),
  port: wholeNumber(0, 65_535).default(3232).describe('The port to listen on. 0 takes any free one.'),
  tls: z
    .strictObject({
      cert: pathField.describe('PEM file of the certificate, with the chain.'),
      key: pathField.describe('PEM file of its key.'),
    })
    .optional()
    .describe('Serve HTTPS. The files are read again when they change.'),
  allowedHosts: z
    .array(
      textField(261).regex(
        HOST,
        'must be a host name or address, with a port if one is needed: gateway.lan:3232',
      ),
    )
    .max(1000)
    .default([])
    .describe(
      'Host names that requests may carry beside the loopback names and the host of `publicUrl`. An entry without a port allows any port.',
    ),
  allowedOrigins: z
    .array(
      textField(2048).regex(
        ORIGIN,
        'must be an exact origin without a path, such as https://app.example.com',
      ),
    )
    .max(1000)
    .default([])
    .describe(
      "Origins of web pages that may call the gateway (CORS and the Origin check). Without any, only the gateway's own origin and that of `publicUrl`.",
    ),
  trustedProxies: z
    .array(textField(64).refine(isAddressOrNetwork, 'must be an IP address or a network such as 10.0.0.0/8'))
    .max(1000)
    .default([])
    .describe(
      'Addresses and networks of proxies whose `Forwarded` and `X-Forwarded-*` headers are believed.',
    ),
  legacySse: z
    .boolean()
    .default(false)
    .describe('Whether HTTP+SSE of 2024-11-05 is served at `/sse` and `/servers/NAME/sse`.'),
  maxBodyBytes: wholeNumber(1024, 1_073_741_824)
    .default(4_194_304)
    .describe('Bytes that the body of one request may have.'),
  bodyTimeoutMs: milliseconds()
    .default(10_000)
    .describe('Milliseconds until the body of a request must be there.'),
  maxConnections: wholeNumber(1, 1_000_000)
    .default(50_000)
    .describe('Connections of clients that may be open at a time.'),
  perAddress: perAddressSchema.prefault({}).describe('Limit for each client address, before authentication.'),
});
