import { DnsError } from '../../dns/dns-error.ts';
import { parseDkimKey } from '../../mailauth/dkim/dkim-key.ts';
import { TagListError } from '../../mailauth/dkim/tag-list.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

export interface DkimLookup {
  readonly records: readonly string[];
  /** Of the only record. */
  readonly key?: {
    readonly type: string;
    readonly bits: number | undefined;
    readonly isRevoked: boolean;
    readonly isTest: boolean;
  };
  /** Why signatures with it don't count. */
  readonly problem?: string;
}

/** Looks up the public key of a selector. @throws DnsError `temporary` */
export async function lookUpDkim(question: {
  staticConfigPath: string;
  selector: string;
  domain: string;
  signal: AbortSignal;
}): Promise<DkimLookup> {
  const { staticConfigPath, selector, domain, signal } = question;
  const { resolver } = await openDiagnosisResolver(staticConfigPath);
  let records: readonly string[];
  try {
    records = (await resolver.txt(`${selector}._domainkey.${domain}`, signal)).records;
  } catch (error) {
    if (!(error instanceof DnsError) || error.kind === 'temporary') throw error;
    return { records: [], problem: 'there is no record' };
  }
  if (records.length > 1) return { records, problem: `there are ${records.length} records, and may be one only` };
  try {
    const { type, key, isForMail, isTest } = parseDkimKey(records[0]!);
    const bits = key?.asymmetricKeyDetails?.modulusLength;
    const found = { records, key: { type, bits, isRevoked: key === undefined, isTest } };
    if (key === undefined) return { ...found, problem: 'the key is revoked' };
    return isForMail ? found : { ...found, problem: 'the key is not for mail' };
  } catch (error) {
    if (!(error instanceof TagListError)) throw error;
    return { records, problem: error.message };
  }
}
