import type { PublishedPolicy, ReportRecord } from '../reports/dmarc/aggregate-report.ts';
import type { DmarcEvaluations } from '../reports/dmarc/evaluations/evaluations.ts';
import { limits } from '../runtime/limits.ts';
import type { Decision } from './decision/decision.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { SenderVerdict } from './sender-verdict.ts';

/**
 * Takes note of what was made of a message, for the report to its author's domain. Returns at once, and never throws.
 * @param done what was decided for its recipients; `refused`: for all at once, by the domain's policy
 */
export type NoteEvaluation = (message: IncomingMessage, done: 'refused' | readonly Decision[]) => void;

/**
 * Not noted: messages of clients on this machine, of domains that want no report, those that could not be checked for now (they come
 * again), and whatever comes of reports, ours and others', lest two servers report about their reports for ever.
 * Source: RFC 9990 §3.1, §3.3
 */
export function createNoteEvaluation(options: {
  evaluations: Pick<DmarcEvaluations, 'note'>;
  /** Whether a message is a report to us, or comes of one that we sent. */
  isAboutReports: (message: IncomingMessage) => boolean;
}): NoteEvaluation {
  return (message, done) => {
    const { sender } = message;
    const evaluation = sender?.dmarc.evaluation;
    if (sender === undefined || evaluation === undefined) return;
    const { domain, policyDomain } = sender.dmarc;
    const { record, spfAligned, dkimAligned } = evaluation;
    if (domain === undefined || policyDomain === undefined || record.aggregateReports.length === 0) return;
    if (options.isAboutReports(message)) return;
    const policy: PublishedPolicy = {
      domain: policyDomain,
      policy: record.policy,
      subdomainPolicy: record.subdomainPolicy,
      nonexistentPolicy: record.nonexistentPolicy,
      dkimAlignment: record.strictDkim ? 's' : 'r',
      spfAlignment: record.strictSpf ? 's' : 'r',
      testing: record.isTest ? 'y' : 'n',
    };
    const envelopeFrom = message.envelope.sender?.domain.toLowerCase();
    options.evaluations.note({
      policyDomain,
      policy,
      intervalSeconds: record.reportInterval,
      record: {
        sourceIp: sender.ip,
        ...appliedPolicy(sender, done),
        dkim: dkimAligned ? 'pass' : 'fail',
        spf: spfAligned ? 'pass' : 'fail',
        headerFrom: domain,
        ...(envelopeFrom === undefined ? {} : { envelopeFrom }),
        ...authResults(sender),
      },
    });
  };
}

/** What was really done, and why it is not what the domain asks for. */
function appliedPolicy(
  { dmarc, dmarcOverride }: SenderVerdict,
  done: Parameters<NoteEvaluation>[1],
): Pick<ReportRecord, 'disposition' | 'reasons'> {
  const { result, policy, evaluation } = dmarc;
  if (result === 'pass') return { disposition: 'pass', reasons: [] };
  const reasons = evaluation?.isTestMode ? [{ type: 'policy_test_mode' }] : [];
  if (done === 'refused') return { disposition: 'reject', reasons };
  if (policy === 'none') return { disposition: 'none', reasons };
  const isRefused = (decision: Decision): boolean => decision.action === 'refuse' && decision.reason === 'dmarc-reject';
  if (done.length > 0 && done.every(isRefused)) return { disposition: 'reject', reasons };
  if (done.some(({ action, reason }) => action === 'junk' && /^dmarc-/.test(reason))) {
    return { disposition: 'quarantine', reasons };
  }
  if (dmarcOverride?.outcome === 'applies') return { disposition: 'none', reasons: [...reasons, dmarcOverride.report] };
  // A user wants it all the same, or it went to nobody here, such as by a list whose members are elsewhere.
  return { disposition: 'none', reasons: [...reasons, { type: 'local_policy' }] };
}

function authResults({ dkim, spf }: SenderVerdict): Pick<ReportRecord, 'dkimResults' | 'spfResults'> {
  return {
    dkimResults: dkim.slice(0, limits.dkimSignatures).flatMap(({ result, signature }) => {
      if (signature === undefined) return [];
      return [{ domain: signature.domain.toLowerCase(), selector: signature.selector, result }];
    }),
    spfResults: [
      { domain: spf.domain.toLowerCase(), scope: spf.identity === 'helo' ? 'helo' : 'mfrom', result: spf.result },
    ],
  };
}
