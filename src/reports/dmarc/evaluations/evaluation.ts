import type { PublishedPolicy, ReportRecord } from '../aggregate-report.ts';

/** What was made of one message. */
export interface DmarcEvaluation {
  /** Where the record is: its owner gets the report. A-labels. */
  readonly policyDomain: string;
  readonly policy: PublishedPolicy;
  /** The tag `ri`, seconds. */
  readonly intervalSeconds: number | undefined;
  readonly record: Omit<ReportRecord, 'count'>;
}

/** A report that is to be made: of evaluations against one policy, in one interval. */
export interface DueReport {
  readonly policyDomain: string;
  readonly policy: PublishedPolicy;
  readonly intervalHours: number;
  /** Hours since 1970. */
  readonly beginHour: number;
  /** The first hour that doesn't belong to it. */
  readonly endHour: number;
  readonly messages: number;
}
