import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { DnsError } from '../../../dns/dns-error.ts';
import type { Resolver } from '../../../dns/resolver.ts';
import { isPublicAddress } from '../../../runtime/address-range.ts';
import { limits } from '../../../runtime/limits.ts';

const gzipBytes = promisify(gzip);
/** Tried one after the other until one answers: a machine may have no way to those of IPv6. */
const maxAddresses = 4;

/**
 * Hands a report to a host that takes it by HTTPS. Whoever owns a domain names the host: it must be one of the internet, under a name, at
 * the usual port, and none of a network here. Redirects are not followed, and what it answers is not read.
 * @param options.mayReach which addresses may be asked; all public ones but in tests
 * @throws when it was not taken; the signal's reason
 * Source: RFC 8460 §5.4
 */
export async function postTlsReport(
  url: string,
  json: string,
  options: {
    resolver: Pick<Resolver, 'a' | 'aaaa'>;
    signal: AbortSignal;
    mayReach?: (address: string) => boolean;
    port?: number;
    authorities?: readonly string[];
  },
): Promise<void> {
  const { resolver, mayReach = isPublicAddress, port = 443, authorities } = options;
  const { hostname, pathname, search, protocol, port: given, username } = new URL(url);
  if (protocol !== 'https:' || given !== '' || username !== '' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) {
    throw new Error('it is not https:// with a host name and the usual port');
  }
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(limits.tlsReportPostMs)]);
  const answers = await Promise.allSettled([resolver.aaaa(hostname, signal), resolver.a(hostname, signal)]);
  signal.throwIfAborted();
  const addresses = answers.flatMap((answer) => {
    if (answer.status === 'fulfilled') return answer.value.records;
    if (answer.reason instanceof DnsError) return [];
    throw answer.reason;
  });
  const reachable = addresses.filter(mayReach).slice(0, maxAddresses);
  if (reachable.length === 0) throw new Error(`${hostname} has no address that reports may be sent to`);
  const body = await gzipBytes(json);
  const headers = { host: hostname, 'content-type': 'application/tlsrpt+gzip', 'user-agent': 'restante' };
  const path = `${pathname}${search}`;
  const ca = authorities === undefined ? {} : { ca: [...authorities] };
  let status: number | undefined;
  let failure: unknown;
  for (const host of reachable) {
    const options = { method: 'POST', host, port, servername: hostname, path, headers, signal, ...ca };
    try {
      status = await postOnce(options, body, signal);
      break;
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  if (status === undefined) throw failure;
  if (status < 200 || status > 299) throw new Error(`${hostname} answers ${status}`);
}

/** @returns the status of the answer */
async function postOnce(options: RequestOptions, body: Buffer, signal: AbortSignal): Promise<number> {
  const sent = request({ ...options, agent: false, minVersion: 'TLSv1.2' });
  try {
    const answered = once(sent, 'response', { signal }) as Promise<[IncomingMessage]>;
    sent.end(body);
    const [{ statusCode = 0 }] = await answered;
    return statusCode;
  } finally {
    // What is still to come of the answer, or fails of the connection, is nobody's.
    sent.on('error', () => {}).destroy();
  }
}
