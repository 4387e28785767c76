import type { Resolver } from '../../dns/resolver.ts';
import { resolverUntil } from '../../dns/resolver-until.ts';
import { formatAddress } from '../../message/format-address.ts';
import { limits } from '../../runtime/limits.ts';
import { checkHost, type SpfOutcome } from './check-host.ts';

export interface SpfRequest {
  readonly resolver: Resolver;
  /** Of the SMTP client. */
  readonly ip: string;
  readonly helloName: string;
  /** Undefined for the null sender: then the name of HELO or EHLO counts. */
  readonly mailFrom: { readonly localpart: string; readonly domain: string } | undefined;
  /** This server's name. */
  readonly receiver: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** For all questions together: after that it is a `temperror`. */
  readonly timeoutMs?: number;
}

export interface SpfVerdict extends SpfOutcome {
  readonly identity: 'mailfrom' | 'helo';
  readonly domain: string;
  /** The sender that was checked. */
  readonly sender: string;
}

/**
 * Whether a client may send as the sender that it names.
 * @throws the signal's reason
 * Source: RFC 7208 §2.4, §4.6.4
 */
export async function verifySpf(request: SpfRequest): Promise<SpfVerdict> {
  const { mailFrom, helloName, timeoutMs = limits.authenticationMs } = request;
  const identity = mailFrom === undefined ? 'helo' : 'mailfrom';
  const domain = mailFrom?.domain ?? helloName;
  const sender = formatAddress(mailFrom?.localpart ?? 'postmaster', domain);
  const resolver = resolverUntil(request.resolver, AbortSignal.timeout(timeoutMs));
  return { identity, domain, sender, ...(await checkHost({ ...request, resolver, domain, sender })) };
}
