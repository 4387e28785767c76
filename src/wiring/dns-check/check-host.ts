import { DnsError } from '../../dns/dns-error.ts';
import { verifySpf } from '../../mailauth/spf/verify-spf.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { DnsVerdict } from './dns-verdict.ts';
import type { DomainToCheck } from './domain-to-check.ts';

/** The addresses of this host, its reverse names, and whether they may send for the domain and in the host's own name. */
export async function checkHost(asked: DomainToCheck, signal: AbortSignal): Promise<DnsVerdict[]> {
  const { hostname, resolver } = asked;
  const found = await Promise.allSettled([resolver.a(hostname, signal), resolver.aaaa(hostname, signal)]);
  const addresses = found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.records : []));
  if (addresses.length === 0) {
    const failed = found.find((answer) => answer.status === 'rejected' && answer.reason.kind === 'temporary');
    const text =
      failed === undefined ? `${hostname} has no address` : `the addresses of ${hostname} could not be found out`;
    return [{ about: 'host', verdict: 'error', text, hint: `Add A and AAAA records for ${hostname}.` }];
  }
  const verdicts: DnsVerdict[] = [{ about: 'host', verdict: 'ok', text: `${hostname} is ${addresses.join(', ')}` }];
  for (const address of addresses) {
    verdicts.push(await checkReverse(asked, address, signal), ...(await checkSpf(asked, address, signal)));
  }
  return verdicts;
}

async function checkReverse(
  { hostname, resolver }: DomainToCheck,
  address: string,
  signal: AbortSignal,
): Promise<DnsVerdict> {
  const about = `reverse name of ${address}`;
  const hint = `Have whoever gives you the address set its reverse name to ${hostname}: many servers refuse mail without it.`;
  try {
    const { records } = await resolver.ptr(address, signal);
    if (records.includes(hostname)) return { about, verdict: 'ok', text: `is ${hostname}` };
    return { about, verdict: 'error', text: `is ${records.join(', ')}, not ${hostname}`, hint };
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    return { about, verdict: 'error', text: error.kind === 'temporary' ? error.message : 'there is none', hint };
  }
}

async function checkSpf(asked: DomainToCheck, ip: string, signal: AbortSignal): Promise<DnsVerdict[]> {
  const { domain, hostname, resolver } = asked;
  const ask = (mailFrom: { localpart: string; domain: string } | undefined) =>
    verifySpf({ resolver, ip, helloName: hostname, mailFrom, receiver: hostname, now: systemClock.now(), signal });
  const [sender, host] = await Promise.all([ask({ localpart: 'postmaster', domain }), ask(undefined)]);
  const why = (problem: string | undefined): string => (problem === undefined ? '' : `: ${problem}`);
  return [
    sender.result === 'pass'
      ? { about: `SPF of ${domain}`, verdict: 'ok', text: `lets ${ip} send` }
      : {
          about: `SPF of ${domain}`,
          verdict: 'error',
          text: `says ${sender.result} of ${ip}${why(sender.problem)}`,
          hint: `Let the TXT record "v=spf1 …" of ${domain} name this host, as "restante config dnsrecords ${domain}" prints it.`,
        },
    host.result === 'pass'
      ? { about: `SPF of ${hostname}`, verdict: 'ok', text: `lets ${ip} send` }
      : {
          about: `SPF of ${hostname}`,
          verdict: host.result === 'none' ? 'warning' : 'error',
          text: `says ${host.result} of ${ip}${why(host.problem)}`,
          hint: `Add the TXT record "v=spf1 a -all" for ${hostname}: delivery reports are sent in its name.`,
        },
  ];
}
