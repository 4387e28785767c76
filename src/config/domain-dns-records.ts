interface DomainNames {
  /** A-labels. */
  domain: string;
  hostname: string;
  dkim: readonly { selector: string; txt: string }[];
}

/** The DNS records that a domain needs, as lines of a zone file, with comments. */
export function domainDnsRecords({ domain, hostname, dkim }: DomainNames): string[] {
  const host = `${hostname}.`;
  const policyId = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const isBelow = hostname.endsWith(`.${domain}`);
  return [
    '; Mail for the domain goes to this host.',
    record(domain, `MX 10 ${host}`),
    '; Who may send for the domain, and in the name of the host (RFC 7208).',
    record(domain, txt('v=spf1 mx ~all')),
    ...(isBelow ? [record(hostname, txt('v=spf1 a -all'))] : []),
    '; Public keys for signatures (RFC 6376): this version makes the keys, a later one signs.',
    ...dkim.map((key) => record(`${key.selector}._domainkey.${domain}`, txt(key.txt))),
    '; Reports on mail that is neither go to you (RFC 9990). Once they name none of yours, change p=none to p=reject.',
    record(`_dmarc.${domain}`, txt(`v=DMARC1; p=none; rua=mailto:dmarc-reports@${domain}`)),
    '; Others are to report when TLS fails (RFC 8460).',
    record(`_smtp._tls.${domain}`, txt(`v=TLSRPTv1; rua=mailto:tls-reports@${domain}`)),
    '; Others are to insist on TLS (RFC 8461): only once https://mta-sts.<domain>/.well-known/mta-sts.txt is there.',
    `; ${record(`mta-sts.${domain}`, `CNAME ${host}`)}`,
    `; ${record(`_mta-sts.${domain}`, txt(`v=STSv1; id=${policyId}`))}`,
    '; Mail programs find their settings (RFC 6186, RFC 8314); "." means that there is no such service.',
    record(`autoconfig.${domain}`, `CNAME ${host}`),
    record(`_autodiscover._tcp.${domain}`, `SRV 0 1 443 ${host}`),
    record(`_submissions._tcp.${domain}`, `SRV 0 1 465 ${host}`),
    record(`_submission._tcp.${domain}`, `SRV 0 1 587 ${host}`),
    record(`_imaps._tcp.${domain}`, `SRV 0 1 993 ${host}`),
    record(`_imap._tcp.${domain}`, 'SRV 0 0 0 .'),
    record(`_pop3._tcp.${domain}`, 'SRV 0 0 0 .'),
    record(`_pop3s._tcp.${domain}`, 'SRV 0 0 0 .'),
    "; Which authority may issue certificates (RFC 8659): replace the name if yours is not Let's Encrypt.",
    record(domain, 'CAA 0 issue "letsencrypt.org"'),
  ];
}

function record(name: string, data: string): string {
  return `${`${name}.`.padEnd(40)} IN ${data}`;
}

/** RFC 1035 §3.3: a character string has at most 255 bytes; longer texts are several. */
function txt(text: string): string {
  const strings = text.match(/.{1,255}/g) ?? [''];
  return `TXT ${strings.map((each) => `"${each}"`).join(' ')}`;
}
