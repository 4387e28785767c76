import type { Routes } from './start-http-server.ts';

/**
 * The MTA-STS policies of the domains here, each at its own host name.
 * @param policyOf the policy's text; undefined for a domain without one
 * Source: RFC 8461 §3.3
 */
export function mtaStsRoutes(policyOf: (domain: string) => string | undefined): Routes {
  return (server) => {
    server.get('/.well-known/mta-sts.txt', (request, reply) => {
      const host = request.hostname.toLowerCase();
      const policy = host.startsWith('mta-sts.') ? policyOf(host.slice('mta-sts.'.length)) : undefined;
      if (policy === undefined) return reply.callNotFound();
      return reply.type('text/plain; charset=utf-8').send(policy);
    });
  };
}
