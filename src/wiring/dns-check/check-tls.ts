import { DnsError } from '../../dns/dns-error.ts';
import { tlsaText, usableTlsa } from '../../mailauth/dane/tlsa.ts';
import { mtaStsId } from '../../mailauth/mta-sts/mta-sts-id.ts';
import { isPolicyHost, parseMtaStsPolicy } from '../../mailauth/mta-sts/mta-sts-policy.ts';
import { FetchPolicyError, fetchPolicy } from '../../reports/mta-sts/fetch-policy.ts';
import type { DnsVerdict } from './dns-verdict.ts';
import type { DomainToCheck } from './domain-to-check.ts';

/** Whether the policy that is announced is the one that is served, and lets mail come here. */
export async function checkMtaSts(asked: DomainToCheck, signal: AbortSignal): Promise<DnsVerdict[]> {
  const { domain, hostname, mtaSts, resolver } = asked;
  const about = 'MTA-STS';
  const id = await mtaStsId(resolver, domain, signal);
  if (mtaSts === undefined && id === undefined) {
    const hint = 'Set "mtaSts" of the domain in domains.yaml, and publish what "restante config dnsrecords" prints.';
    return [
      { about, verdict: 'warning', text: 'there is no policy: whoever can change connections can read mail', hint },
    ];
  }
  if (mtaSts === undefined) {
    const hint = 'Set "mtaSts" of the domain in domains.yaml, if the policy is to be served here.';
    return [{ about, verdict: 'warning', text: 'a policy is announced, and this server has none', hint }];
  }
  const announce = `Publish the record: _mta-sts.${domain}. TXT "v=STSv1; id=${mtaSts.id}"`;
  if (id === undefined) return [{ about, verdict: 'warning', text: 'the policy is not announced', hint: announce }];
  const verdicts: DnsVerdict[] = [];
  if (id !== mtaSts.id) {
    verdicts.push({ about, verdict: 'error', text: `the record has the id of another policy: ${id}`, hint: announce });
  }
  try {
    const served = await fetchPolicy(domain, { resolver }, signal);
    const own = parseMtaStsPolicy(mtaSts.text);
    if (served.mode !== own.mode || served.mx.join() !== own.mx.join() || served.maxAgeSeconds !== own.maxAgeSeconds) {
      const hint = `See where mta-sts.${domain} leads to, and whether the server knows of the last change.`;
      verdicts.push({
        about,
        verdict: 'error',
        text: 'the policy that is served is not the one of the configuration',
        hint,
      });
    }
    if (served.mode !== 'none' && !isPolicyHost(hostname, served)) {
      const hint = 'Add it to "mx" of "mtaSts" in domains.yaml.';
      verdicts.push({ about, verdict: 'error', text: `the policy does not name ${hostname}`, hint });
    }
    if (verdicts.length === 0)
      verdicts.push({ about, verdict: 'ok', text: `the policy is served, mode ${served.mode}` });
  } catch (error) {
    if (!(error instanceof FetchPolicyError)) throw error;
    const hint = `Point mta-sts.${domain} at this host, with a listener for https and a certificate for that name.`;
    verdicts.push({ about, verdict: 'error', text: error.message, hint });
  }
  return verdicts;
}

/** Whether the TLSA records of this host are those of its certificates. */
export async function checkDane(asked: DomainToCheck, signal: AbortSignal): Promise<DnsVerdict[]> {
  const { domain, hostname, tlsa, resolver } = asked;
  const about = 'DANE';
  const name = `_25._tcp.${hostname}`;
  const hint = tlsa.map((data) => `${name}. TLSA ${data}`).join('; ') || 'Configure a certificate for SMTP.';
  try {
    const { records, authentic } = await resolver.tlsa(name, signal);
    if (!authentic) {
      const text = 'there are TLSA records, and DNSSEC does not validate them, as far as this resolver says';
      return [
        {
          about,
          verdict: 'warning',
          text,
          hint: 'Have the zone signed, and ask a validating resolver on this machine.',
        },
      ];
    }
    const published = usableTlsa(records).map(tlsaText);
    // Of other kinds than ours only a session can tell.
    const isOther = published.some((text) => !text.startsWith('3 1 1 '));
    if (isOther) {
      const text = `there are TLSA records of other kinds: "restante dane dial ${hostname}" compares them`;
      return [{ about, verdict: 'note', text }];
    }
    const missing = tlsa.filter((data) => !published.includes(data));
    if (tlsa.length === 0 || missing.length > 0) {
      const text = 'the TLSA records are not those of the certificates: servers that hold to them deliver nothing';
      return [{ about, verdict: 'error', text, hint }];
    }
    return [{ about, verdict: 'ok', text: 'the TLSA records are those of the certificates' }];
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    const isSigned = await resolver.mx(domain, signal).then(
      ({ authentic }) => authentic,
      () => false,
    );
    if (!isSigned)
      return [
        {
          about,
          verdict: 'note',
          text: 'the zone is not signed, as far as this resolver says: MTA-STS is what remains',
        },
      ];
    return [{ about, verdict: 'warning', text: 'there are no TLSA records, though the zone is signed', hint }];
  }
}
