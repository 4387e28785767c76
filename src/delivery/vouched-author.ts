import type { Resolver } from '../dns/resolver.ts';
import type { MethodResult } from '../mailauth/arc/arc-results.ts';
import type { ArcSealer, ArcVerdict } from '../mailauth/arc/arc-verify.ts';
import { type DmarcVerdict, evaluateDmarc } from '../mailauth/dmarc/evaluate-dmarc.ts';
import { normaliseDomain } from '../message/domain.ts';
import { limits } from '../runtime/limits.ts';

/** Why the policy of an author's domain is not applied to a message that fails DMARC. */
export type DmarcOverride =
  | {
      readonly outcome: 'applies';
      /** The servers that have passed the message on, the newest first. */
      readonly sealers: readonly string[];
      /** What an aggregate report of DMARC says of it: RFC 8617 §7.2.2. */
      readonly report: { readonly type: 'local_policy'; readonly comment: string };
    }
  /** It would be, if the DNS could confirm it, which does not answer. */
  | { readonly outcome: 'unknown'; readonly problem: string };

export interface VouchedAuthorQuestion {
  readonly arc: ArcVerdict;
  readonly dmarc: DmarcVerdict;
  /** In lower case. */
  readonly trustedSealers: ReadonlySet<string>;
  readonly resolver: Resolver;
  readonly signal: AbortSignal;
}

/**
 * Whether servers that the operator trusts say that a message came from its author, when it came to the first of them. All servers of the
 * chain must be trusted: each could have made up what is said to have been before.
 * @returns undefined when they don't, or when there is no policy to set aside
 * @throws the signal's reason
 * Source: RFC 8617 §7.2.1
 */
export async function vouchedAuthor(question: VouchedAuthorQuestion): Promise<DmarcOverride | undefined> {
  const { arc, dmarc, trustedSealers } = question;
  if (dmarc.result !== 'fail' || dmarc.domain === undefined || dmarc.policy === 'none') return undefined;
  const [first] = arc.sealers;
  if (first === undefined || !arc.sealers.every(({ domain }) => trustedSealers.has(domain))) return undefined;
  if (arc.result === 'temperror') return { outcome: 'unknown', problem: arc.problem ?? '' };
  // A signature without the From field would let anybody put another one in.
  if (arc.result !== 'pass' || arc.signsAuthor !== true) return undefined;
  const { result, problem = '' } = await dmarcAt(first, dmarc.domain, question);
  if (result === 'temperror') return { outcome: 'unknown', problem };
  if (result !== 'pass') return undefined;
  const sealers = arc.sealers.toReversed().map(({ domain }) => domain);
  return { outcome: 'applies', sealers, report: { type: 'local_policy', comment: reportComment(arc.sealers) } };
}

/** What DMARC says of an author's domain by what a server has found out. */
async function dmarcAt(
  { authentication: { results } }: ArcSealer,
  domain: string,
  { resolver, signal }: VouchedAuthorQuestion,
): Promise<Pick<DmarcVerdict, 'result' | 'problem'>> {
  const passed = results.filter(({ result }) => result === 'pass');
  const by = (method: string): MethodResult[] => passed.filter((each) => each.method === method);
  if (by('dmarc').some((each) => domainOf(each, 'header.from') === domain)) return { result: 'pass' };
  const sender = by('spf').map((each) => domainOf(each, 'smtp.mailfrom', 'smtp.mfrom', 'smtp.helo'))[0];
  const signers = by('dkim').flatMap((each) => domainOf(each, 'header.d', 'header.i') ?? []);
  return await evaluateDmarc({
    resolver,
    authorDomains: [domain],
    spf: sender === undefined ? { result: 'none', domain: '' } : { result: 'pass', domain: sender },
    dkim: signers.slice(0, limits.dkimSignatures).map((signer) => ({ result: 'pass', signature: { domain: signer } })),
    signal,
  });
}

/** The domain of the first of the properties that is there: an address, or a domain itself. */
function domainOf({ properties }: MethodResult, ...names: readonly string[]): string | undefined {
  const value = names.map((name) => properties.get(name)).find((each) => each !== undefined && each !== '');
  if (value === undefined) return undefined;
  try {
    return normaliseDomain(value.slice(value.lastIndexOf('@') + 1));
  } catch {
    return undefined;
  }
}

function reportComment(sealers: readonly ArcSealer[]): string {
  const seals = sealers.map(({ domain, selector }, at) => `as[${at + 1}].d=${domain} as[${at + 1}].s=${selector}`);
  const address = sealers[0]!.authentication.results
    .map(({ properties }) => properties.get('smtp.remote-ip') ?? '')
    .find((text) => /^[0-9a-f.:]{2,45}$/i.test(text));
  return ['arc=pass', ...seals.toReversed(), ...(address === undefined ? [] : [`remote-ip[1]=${address}`])].join(' ');
}
