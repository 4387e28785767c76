import { SmtpError } from '../../smtp/smtp-error.ts';
import { verifiedDomains } from '../verified-domains.ts';
import type { Decision, Question } from './decision.ts';

/**
 * A stranger whose envelope sender says that it has nothing to do with this client, and for whom no signature speaks. Refused for now: the
 * record may be wrong and be mended, and whoever passes mail on for the user can be named in a ruleset meanwhile.
 * Source: RFC 7208 §8.4
 */
export async function spfFail({ sender }: Pick<Question, 'sender'>): Promise<Decision | undefined> {
  const { spf, ip } = sender;
  if (spf.result !== 'fail' || verifiedDomains(sender).length > 0) return undefined;
  const said = spf.explanation === undefined ? '' : `: ${spf.explanation.slice(0, 200)}`;
  const error = new SmtpError(451, '4.7.23', `${ip} may not send for ${spf.domain}, says its SPF record${said}`);
  return { action: 'refuse', reason: 'spf-fail', detail: `${spf.domain} does not send from ${ip}`, error };
}
