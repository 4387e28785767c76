interface DomainNames {
  /** A-labels. */
  domain: string;
  hostname: string;
  dkim: readonly { selector: string; txt: string }[];
  /** Where reports of DMARC and on TLS come to; undefined: nowhere. */
  dmarcReports?: string | undefined;
  tlsReports?: string | undefined;
  /** Of the MTA-STS policy that is served; undefined: none is. */
  mtaStsId?: string | undefined;
  /** Of the certificates at port 25, as in a zone; none when they are not of an authority, and change. */
  tlsa?: readonly string[];
}

/** The DNS records that a domain needs, as lines of a zone file, with comments. */
export function domainDnsRecords(names: DomainNames): string[] {
  const { domain, hostname, dkim, dmarcReports, tlsReports, mtaStsId, tlsa = [] } = names;
  const host = `${hostname}.`;
  const isBelow = hostname.endsWith(`.${domain}`);
  return [
    '; Mail for the domain goes to this host.',
    record(domain, `MX 10 ${host}`),
    '; Who may send for the domain, and in the name of the host (RFC 7208).',
    record(domain, txt('v=spf1 mx ~all')),
    ...(isBelow ? [record(hostname, txt('v=spf1 a -all'))] : []),
    '; Public keys for signatures (RFC 6376).',
    ...dkim.map((key) => record(`${key.selector}._domainkey.${domain}`, txt(key.txt))),
    ...(dmarcReports === undefined
      ? [
          '; What others do with mail that is neither (RFC 9989). Set "dmarcReports" of the domain in domains.yaml to learn of it.',
          record(`_dmarc.${domain}`, txt('v=DMARC1; p=none')),
        ]
      : [
          '; Reports on mail that is neither go to you (RFC 9990). Once they name none of yours, change p=none to p=reject.',
          record(`_dmarc.${domain}`, txt(`v=DMARC1; p=none; rua=mailto:${dmarcReports}`)),
        ]),
    ...(tlsReports === undefined
      ? [
          '; Others report when TLS fails (RFC 8460): set "tlsReports" of the domain in domains.yaml, and print this again.',
        ]
      : [
          '; Others are to report when TLS fails (RFC 8460).',
          record(`_smtp._tls.${domain}`, txt(`v=TLSRPTv1; rua=mailto:${tlsReports}`)),
        ]),
    ...(mtaStsId === undefined
      ? ['; Others are to insist on TLS (RFC 8461): set "mtaSts" of the domain in domains.yaml, and print this again.']
      : [
          '; Others are to insist on TLS (RFC 8461), as the policy says that is served under the first name.',
          record(`mta-sts.${domain}`, `CNAME ${host}`),
          record(`_mta-sts.${domain}`, txt(`v=STSv1; id=${mtaStsId}`)),
        ]),
    ...(tlsa.length === 0
      ? []
      : [
          '; The key of the server (RFC 7672): only where DNSSEC signs the zone. With a new key, publish it first.',
          ...tlsa.map((data) => record(`_25._tcp.${hostname}`, `TLSA ${data}`)),
        ]),
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

/** A TXT record as a line of a zone file. @param name without final dot */
export function domainDnsRecord(name: string, text: string): string {
  return record(name, txt(text));
}

function record(name: string, data: string): string {
  return `${`${name}.`.padEnd(40)} IN ${data}`;
}

/** RFC 1035 §3.3: a character string has at most 255 bytes; longer texts are several. */
function txt(text: string): string {
  const strings = text.match(/.{1,255}/g) ?? [''];
  return `TXT ${strings.map((each) => `"${each}"`).join(' ')}`;
}
