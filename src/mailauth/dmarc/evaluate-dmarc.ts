import { DnsError } from '../../dns/dns-error.ts';
import type { Resolver } from '../../dns/resolver.ts';
import type { DkimVerdict } from '../dkim/dkim-verify.ts';
import type { SpfVerdict } from '../spf/verify-spf.ts';
import type { DmarcPolicy, DmarcRecord } from './dmarc-record.ts';
import { DmarcTree, type FoundRecord } from './tree-walk.ts';

/** RFC 8601 §2.7.7 and RFC 9989 §4.4 */
export type DmarcResult = 'none' | 'pass' | 'fail' | 'temperror' | 'permerror';

export interface DmarcVerdict {
  readonly result: DmarcResult;
  /** The author's domain, in A-labels; missing when there is none or more than one. */
  readonly domain?: string;
  /** What the domain asks for when it is `fail`; of a domain that tries its policy out, a step milder. */
  readonly policy?: DmarcPolicy;
  /** Of a `pass`: the domain that stands for the author's organisation, when it could be found out. RFC 9989 §4.10.2 */
  readonly organisation?: string;
  /** Where the record is. */
  readonly policyDomain?: string;
  readonly problem?: string;
  /** What a report to the domain says of it; there when a record was found and all could be checked. */
  readonly evaluation?: DmarcEvaluationFacts;
}

export interface DmarcEvaluationFacts {
  readonly record: DmarcRecord;
  /** Whether SPF passed for a domain of the same organisation. */
  readonly spfAligned: boolean;
  readonly dkimAligned: boolean;
  /** The policy would have been stricter, if the domain weren't trying it out. */
  readonly isTestMode: boolean;
}

export interface DmarcQuestion {
  readonly resolver: Resolver;
  /** Domains of the one From field, in A-labels and lower case, each once; none when that isn't right. */
  readonly authorDomains: readonly string[];
  readonly spf: Pick<SpfVerdict, 'result' | 'domain'>;
  readonly dkim: readonly (Pick<DkimVerdict, 'result'> & { readonly signature?: { readonly domain: string } })[];
  readonly signal: AbortSignal;
}

/**
 * Whether the author's domain stands behind a message.
 * @throws the signal's reason
 * Source: RFC 9989 §4, §5.3
 */
export async function evaluateDmarc(question: DmarcQuestion): Promise<DmarcVerdict> {
  const { resolver, authorDomains, spf, dkim, signal } = question;
  const [domain] = authorDomains;
  if (domain === undefined || authorDomains.length > 1) {
    const problem = domain === undefined ? 'there is not one right From field' : 'there are authors of several domains';
    return { result: 'permerror', problem };
  }
  const tree = new DmarcTree(resolver, signal);
  try {
    const found = await tree.policyFor(domain);
    if (found === undefined) return { result: 'none', domain };
    const { record, domain: policyDomain } = found;
    const known = { domain, policyDomain };
    const aligned = async (other: string, strict: boolean): Promise<boolean> => {
      const name = other.toLowerCase();
      if (name === domain || strict) return name === domain;
      return (await tree.organisationalDomain(name)) === (await tree.organisationalDomain(domain));
    };
    const pass = async (evaluation?: DmarcEvaluationFacts): Promise<DmarcVerdict> => {
      const organisation = await tree.organisationalDomain(domain).catch((error: unknown) => {
        if (error instanceof DnsError) return undefined;
        throw error;
      });
      return {
        result: 'pass',
        ...known,
        ...(organisation === undefined ? {} : { organisation }),
        ...(evaluation === undefined ? {} : { evaluation }),
      };
    };
    const spfAligned = spf.result === 'pass' && (await aligned(spf.domain, record.strictSpf));
    let dkimAligned = false;
    try {
      for (const { result, signature } of dkim) {
        dkimAligned ||= result === 'pass' && (await aligned(signature!.domain, record.strictDkim));
      }
    } catch (error) {
      if (!(error instanceof DnsError && spfAligned)) throw error;
      // SPF was enough; only a report would have said more.
      return await pass();
    }
    const facts = { record, spfAligned, dkimAligned };
    if (spfAligned || dkimAligned) return await pass({ ...facts, isTestMode: false });
    const asked = await policyOf(question, domain, found);
    const policy = record.isTest ? milder(asked) : asked;
    // What could not be found out may have been right.
    if (spf.result === 'temperror' || dkim.some(({ result }) => result === 'temperror')) {
      return { result: 'temperror', ...known, policy, problem: 'SPF or DKIM could not be checked' };
    }
    return { result: 'fail', ...known, policy, evaluation: { ...facts, isTestMode: policy !== asked } };
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    return { result: 'temperror', domain, problem: error.message };
  }
}

async function policyOf(
  { resolver, signal }: DmarcQuestion,
  domain: string,
  { record, domain: policyDomain }: FoundRecord,
): Promise<DmarcPolicy> {
  if (policyDomain === domain) return record.policy;
  if (record.nonexistentPolicy === record.subdomainPolicy) return record.subdomainPolicy;
  try {
    await resolver.a(domain, signal);
    return record.subdomainPolicy;
  } catch (error) {
    if (!(error instanceof DnsError)) throw error;
    return error.kind === 'nxdomain' ? record.nonexistentPolicy : record.subdomainPolicy;
  }
}

function milder(policy: DmarcPolicy): DmarcPolicy {
  return policy === 'reject' ? 'quarantine' : 'none';
}
