import { DnsError } from '../../dns/dns-error.ts';
import { checkHost } from './check-host.ts';
import { checkDkim, checkDmarc, checkMx, checkTlsReports } from './check-records.ts';
import { checkDane, checkMtaSts } from './check-tls.ts';
import type { DnsVerdict } from './dns-verdict.ts';
import { type DomainToCheck, domainToCheck } from './domain-to-check.ts';

type Check = (asked: DomainToCheck, signal: AbortSignal) => Promise<DnsVerdict[]>;

const checks: readonly (readonly [about: string, check: Check])[] = [
  ['MX', checkMx],
  ['host', checkHost],
  ['DKIM', checkDkim],
  ['DMARC', checkDmarc],
  ['MTA-STS', checkMtaSts],
  ['DANE', checkDane],
  ['TLS reports', checkTlsReports],
];

/** Compares what the DNS says of a configured domain with what it should say. */
export async function checkDns(question: {
  staticConfigPath: string;
  domain: string;
  signal: AbortSignal;
}): Promise<DnsVerdict[]> {
  const asked = await domainToCheck(question.staticConfigPath, question.domain);
  const found = checks.map(async ([about, check]): Promise<DnsVerdict[]> => {
    try {
      return await check(asked, question.signal);
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      const hint = 'See whether the resolver of restante.yaml works: restante dns lookup mx example.org';
      return [{ about, verdict: 'error', text: `not found out: ${error.message}`, hint }];
    }
  });
  return (await Promise.all(found)).flat();
}
