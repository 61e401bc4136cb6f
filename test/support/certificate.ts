/** Self-signed certificates for tests, made when they are needed: RFC 5280 in DER, with a P-256 key. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate and its key in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const SIGNATURE = tlv(0x30, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02)); // ecdsa-with-SHA256

/**
 * A certificate for these hosts and 127.0.0.1 that is its own issuer, good for a day. `name` is its common name.
 */
export function makeCertificate(name: string, hosts: readonly string[] = ['localhost']): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = tlv(0x30, tlv(0x31, tlv(0x30, oid(0x55, 0x04, 0x03), tlv(0x0c, Buffer.from(name)))));
  const dns = hosts.map((host) => tlv(0x82, Buffer.from(host)));
  const names = tlv(0x30, ...dns, tlv(0x87, Buffer.of(127, 0, 0, 1)));
  const body = tlv(
    0x30,
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    SIGNATURE,
    subject,
    tlv(0x30, time(-3_600_000), time(86_400_000)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(
      0xa3,
      tlv(
        0x30,
        tlv(0x30, oid(0x55, 0x1d, 0x13), tlv(0x04, tlv(0x30, tlv(0x01, Buffer.of(0xff))))),
        tlv(0x30, oid(0x55, 0x1d, 0x11), tlv(0x04, names)),
      ),
    ),
  );
  const signature = sign('sha256', body, privateKey);
  const der = tlv(0x30, body, SIGNATURE, tlv(0x03, Buffer.of(0), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}

function oid(...bytes: readonly number[]): Buffer {
  return tlv(0x06, Buffer.from(bytes));
}

function time(fromNowMs: number): Buffer {
  const digits = new Date(Date.now() + fromNowMs).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tlv(0x17, Buffer.from(digits.slice(2)));
}
