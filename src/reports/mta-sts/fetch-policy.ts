import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import { DnsError } from '../../dns/dns-error.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { type MtaStsPolicy, MtaStsPolicyError, parseMtaStsPolicy } from '../../mailauth/mta-sts/mta-sts-policy.ts';
import type { TlsFailureType, TlsFault } from '../../mailauth/tls-report/tls-result.ts';
import { limits } from '../../runtime/limits.ts';

export interface FetchPolicyOptions {
  readonly resolver: Pick<Resolver, 'a' | 'aaaa'>;
  /** 443 but in tests. */
  readonly port?: number;
  /** PEM of authorities to trust instead of the system's. */
  readonly authorities?: readonly string[] | undefined;
  readonly timeoutMs?: number;
}

/** There is no policy to be had from a domain that says it has one. */
export class FetchPolicyError extends Error {
  readonly fault: TlsFault;

  constructor(type: TlsFailureType, detail: string, cause?: unknown) {
    super(`Cannot fetch MTA-STS policy: ${detail}`, { cause });
    this.fault = { type, detail };
  }
}

/**
 * Fetches the policy of a domain from its host. Redirects are not followed, and the host's certificate must be of an authority.
 * @throws FetchPolicyError; the signal's reason
 * Source: RFC 8461 §3.3
 */
export async function fetchPolicy(
  domain: string,
  options: FetchPolicyOptions,
  signal: AbortSignal,
): Promise<MtaStsPolicy> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs ?? limits.mtaStsFetchMs)]);
  const host = `mta-sts.${domain}`;
  let failure: unknown = new Error(`${host} has no address`);
  for (const address of await addressesOf(host, options.resolver, signal)) {
    try {
      return parseMtaStsPolicy(await get(host, address, options, limit));
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
      if (error instanceof MtaStsPolicyError || error instanceof FetchPolicyError || limit.aborted) break;
    }
  }
  if (failure instanceof FetchPolicyError) throw failure;
  if (failure instanceof MtaStsPolicyError) {
    throw new FetchPolicyError('sts-policy-invalid', `the policy of ${host} is invalid: ${failure.message}`, failure);
  }
  const { code = '', message } = failure as NodeJS.ErrnoException;
  // Node's names for what is wrong with a certificate are OpenSSL's, or its own.
  const isCertificate = /^(?:ERR_TLS_CERT|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH)/.test(code);
  const type = isCertificate ? 'sts-webpki-invalid' : 'sts-policy-fetch-error';
  throw new FetchPolicyError(type, `${host}: ${limit.aborted ? 'no answer in time' : message}`, failure);
}

async function addressesOf(host: string, resolver: FetchPolicyOptions['resolver'], signal: AbortSignal) {
  const answers = await Promise.allSettled([resolver.aaaa(host, signal), resolver.a(host, signal)]);
  signal.throwIfAborted();
  return answers.flatMap((answer) => {
    if (answer.status === 'fulfilled') return answer.value.records.slice(0, limits.queueAddressesPerHost / 2);
    if (answer.reason instanceof DnsError) return [];
    throw answer.reason;
  });
}

async function get(host: string, address: string, options: FetchPolicyOptions, signal: AbortSignal): Promise<string> {
  const { port = 443, authorities } = options;
  const asked: RequestOptions = {
    host: address,
    port,
    servername: host,
    path: '/.well-known/mta-sts.txt',
    headers: { host, 'user-agent': 'restante', accept: 'text/plain' },
    agent: false,
    signal,
    minVersion: 'TLSv1.2',
    ...(authorities === undefined ? {} : { ca: [...authorities] }),
  };
  const sent = request(asked);
  sent.end();
  const [response] = (await once(sent, 'response', { signal })) as [IncomingMessage];
  try {
    if (response.statusCode !== 200) {
      throw new FetchPolicyError('sts-policy-fetch-error', `${host} answers ${response.statusCode}`);
    }
    const type = response.headers['content-type'] ?? '';
    if (!/^text\/plain\s*(?:;|$)/i.test(type)) {
      const shown = JSON.stringify(type.slice(0, 100));
      throw new FetchPolicyError('sts-policy-invalid', `${host} serves ${shown}, and no text/plain`);
    }
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of response as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limits.mtaStsPolicyBytes) throw new MtaStsPolicyError(`it has over ${limits.mtaStsPolicyBytes} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString();
  } finally {
    sent.destroy();
  }
}
