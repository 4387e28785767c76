import { mtaStsId } from '../../mailauth/mta-sts/mta-sts-id.ts';
import type { MtaStsPolicy } from '../../mailauth/mta-sts/mta-sts-policy.ts';
import { FetchPolicyError, fetchPolicy } from '../../reports/mta-sts/fetch-policy.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

export interface MtaStsLookup {
  /** Undefined: the domain has no policy. */
  readonly id?: string;
  readonly policy?: MtaStsPolicy;
  /** Why there is none, though there is a record. */
  readonly problem?: string;
}

/** Fetches the MTA-STS policy that a domain has now; nothing is kept. @throws DnsError */
export async function lookUpMtaSts(question: {
  staticConfigPath: string;
  domain: string;
  signal: AbortSignal;
}): Promise<MtaStsLookup> {
  const { staticConfigPath, domain, signal } = question;
  const { resolver } = await openDiagnosisResolver(staticConfigPath);
  const id = await mtaStsId(resolver, domain, signal);
  if (id === undefined) return {};
  try {
    return { id, policy: await fetchPolicy(domain, { resolver }, signal) };
  } catch (error) {
    if (!(error instanceof FetchPolicyError)) throw error;
    return { id, problem: error.message };
  }
}
