import { findSpfRecords } from '../../mailauth/spf/find-spf-records.ts';
import { parseSpfRecord, SpfSyntaxError } from '../../mailauth/spf/spf-record.ts';
import { type SpfVerdict, verifySpf } from '../../mailauth/spf/verify-spf.ts';
import { systemClock } from '../../runtime/clock.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

export interface SpfQuestion {
  readonly staticConfigPath: string;
  readonly ip: string;
  /** Undefined for the null sender. */
  readonly mailFrom: { readonly localpart: string; readonly domain: string } | undefined;
  readonly helloName: string;
  readonly signal: AbortSignal;
}

/** What this server would find, were such a client to send. */
export async function checkSpf(question: SpfQuestion): Promise<SpfVerdict> {
  const { resolver, hostname } = await openDiagnosisResolver(question.staticConfigPath);
  return await verifySpf({ ...question, resolver, receiver: hostname, now: systemClock.now() });
}

/** @returns the records of a domain, each with what is wrong with it */
export async function lookUpSpf(question: {
  staticConfigPath: string;
  domain: string;
  signal: AbortSignal;
}): Promise<{ record: string; problem?: string }[]> {
  const { resolver } = await openDiagnosisResolver(question.staticConfigPath);
  const records = await findSpfRecords(resolver, question.domain, question.signal);
  return records.map((record) => {
    try {
      parseSpfRecord(record);
      return { record };
    } catch (error) {
      if (!(error instanceof SpfSyntaxError)) throw error;
      return { record, problem: error.message };
    }
  });
}
