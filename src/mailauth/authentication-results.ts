import type { ArcVerdict } from './arc/arc-verify.ts';
import type { DkimVerdict } from './dkim/dkim-verify.ts';
import type { DmarcVerdict } from './dmarc/evaluate-dmarc.ts';
import type { SpfVerdict } from './spf/verify-spf.ts';
import type { ReverseNameVerdict } from './verify-reverse-name.ts';

/**
 * What follows the colon of an Authentication-Results field, folded, without the last line end.
 * @param server the authserv-id: this server's name
 * Source: RFC 8601 §2.2; RFC 8617 §6
 */
export function authenticationResults(
  server: string,
  verdicts: {
    /** Of the client. */
    readonly ip: string;
    readonly reverseName: ReverseNameVerdict;
    readonly spf: SpfVerdict;
    readonly dkim: readonly DkimVerdict[];
    readonly dmarc: DmarcVerdict;
    readonly arc: ArcVerdict;
  },
): string {
  const { ip, reverseName, spf, dkim, dmarc, arc } = verdicts;
  const sender = spf.identity === 'mailfrom' ? `smtp.mailfrom=${value(spf.sender)}` : `smtp.helo=${value(spf.domain)}`;
  const name = /^[a-z0-9._-]{1,253}$/.test(reverseName.name ?? '') ? ` (${reverseName.name})` : '';
  const results = [`iprev=${reverseName.result}${name} policy.iprev=${value(ip)}`];
  results.push(`spf=${spf.result}${reason(spf.problem)} ${sender}`);
  if (dkim.length === 0) results.push('dkim=none');
  for (const { result, signature, problem } of dkim) {
    const { domain, selector, algorithm } = signature ?? {};
    const properties =
      domain === undefined
        ? ''
        : ` header.d=${value(domain)} header.s=${value(selector!)} header.a=${value(algorithm!)}`;
    results.push(`dkim=${result}${reason(problem)}${properties}`);
  }
  const policy = dmarc.policy === undefined ? '' : ` (p=${dmarc.policy})`;
  const author = dmarc.domain === undefined ? '' : ` header.from=${value(dmarc.domain)}`;
  results.push(`dmarc=${dmarc.result}${policy}${reason(dmarc.problem)}${author}`);
  results.push(arcResult(arc, ip));
  return `${server};\r\n\t${results.join(';\r\n\t')}`;
}

function arcResult({ result, problem, oldestPass, sealers }: ArcVerdict, ip: string): string {
  // The method has no result for what could not be found out: RFC 8617 §10.1.
  const shown = result === 'temperror' ? 'none' : result;
  const chain =
    result === 'pass' ? ` (${sealers.map(({ domain }, at) => `i=${at + 1} d=${domain}`).join('\r\n\t')})` : '';
  const oldest = oldestPass === undefined ? '' : ` header.oldest-pass=${oldestPass}`;
  return `arc=${shown}${chain}${reason(problem)}${oldest} smtp.remote-ip=${value(ip)}`;
}

function reason(text: string | undefined): string {
  return text === undefined ? '' : ` reason=${quoted(text)}`;
}

/** A token, or an address, as it is; anything else as a quoted-string: RFC 8601 §2.2, RFC 2045 §5.1. */
function value(text: string): string {
  return /^[A-Za-z0-9!#$%&'*+^_`{|}~.-]+(?:@[A-Za-z0-9.-]+)?$/.test(text) && text.length < 400 ? text : quoted(text);
}

function quoted(text: string): string {
  return `"${text
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 400)
    .replaceAll(/["\\]/g, '\\$&')}"`;
}
