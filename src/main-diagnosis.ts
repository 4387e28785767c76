/** What commands find out from the DNS, from other servers and about messages, without a server of ours and without its data. */
export { askDnsBlocklists } from './wiring/diagnosis/ask-dns-blocklists.ts';
export { checkSpf, lookUpSpf } from './wiring/diagnosis/check-spf.ts';
export { dialSmtp } from './wiring/diagnosis/dial-smtp.ts';
export { daneRecord, lookUpDane } from './wiring/diagnosis/look-up-dane.ts';
export { lookUpDkim } from './wiring/diagnosis/look-up-dkim.ts';
export { checkReportAddresses, lookUpDmarc } from './wiring/diagnosis/look-up-dmarc.ts';
export { lookUpDns } from './wiring/diagnosis/look-up-dns.ts';
export { lookUpMtaSts } from './wiring/diagnosis/look-up-mta-sts.ts';
export { lookUpTlsReporting, readTlsReport } from './wiring/diagnosis/look-up-tls-reporting.ts';
export { parseMessage } from './wiring/diagnosis/parse-message.ts';
export { readDmarcReport } from './wiring/diagnosis/read-dmarc-report.ts';
export { verifyArc } from './wiring/diagnosis/verify-arc.ts';
export { verifyDkim } from './wiring/diagnosis/verify-dkim.ts';
export { checkDns } from './wiring/dns-check/check-domain.ts';
export { dnsRecords } from './wiring/dns-check/domain-to-check.ts';
