/** Reports of DMARC and TLS. */
export const reportLimits = {
  /** Message that brings a report; what is larger is no report. The largest that providers send have some MB. */
  reportMessageBytes: 10 * 1024 * 1024,
  /** A report when it is decompressed: some 30,000 records. */
  reportBytes: 20 * 1024 * 1024,
  /** How many times its compressed size a report may have, once it is above `reportRatioFromBytes`; real ones have up to 40. */
  reportRatio: 200,
  reportRatioFromBytes: 1024 * 1024,
  /** Entries of a zip file that brings a report: there should be one. */
  reportZipEntries: 20,
  /** Parts of a message that are tried as a report. */
  reportParts: 5,
  /** Of the XML of a report: elements within each other, elements of one record, characters of one text. The format needs 6 levels. */
  reportXmlDepth: 16,
  reportXmlElements: 5_000,
  reportXmlText: 16 * 1024,
  /** Records of one report; the largest providers send some thousand. */
  dmarcReportRecords: 50_000,
  /** Results of DKIM, of SPF, and reasons, kept of one record. */
  dmarcReportResults: 20,
  /** Characters kept of a name or text in a report. */
  dmarcReportText: 300,
  /** Reports that one domain may send us in a day. Those that report hourly about some domains are below that. */
  dmarcReportsPerSenderDay: 500,
  /** How long reports are kept: a year, and a month to compare. */
  dmarcReportDays: 400,
  /** Different evaluations waiting to be written down; their number goes back to none every second. */
  dmarcEvaluationsWaiting: 5_000,
  /** Different evaluations kept of one domain and hour, and in all: strangers choose both. A report to a large domain has some thousand. */
  dmarcEvaluationsPerHour: 5_000,
  dmarcEvaluations: 200_000,
  /** How old evaluations may be when they are reported: after that nobody asks any more. */
  dmarcEvaluationHours: 48,
  /** Addresses that one report goes to, of those that a domain names. RFC 9990 §3.5.1 leaves the number to us; two are usual. */
  dmarcReportAddresses: 5,
  /** Different domains that reports are made for in one hour; the rest come in the next. */
  dmarcReportsPerHour: 5_000,
  /** Over how long reports that are due together are spread. */
  dmarcReportSpreadMs: 40 * 60_000,
  /** How long an address gets no reports after one could not be delivered to it. */
  dmarcSuppressionMs: 14 * 24 * 60 * 60_000,
  /** Addresses that get none. */
  dmarcSuppressions: 10_000,
  /** Policies of one TLS report, failure details of one policy, and its strings and hosts: large providers send some dozens. */
  tlsReportPolicies: 1_000,
  tlsReportDetails: 1_000,
  tlsReportStrings: 100,
  /** TLS reports that one domain may send us in a day: RFC 8460 §4.1 wants one for each of our domains. */
  tlsReportsPerSenderDay: 200,
  /** Different results of sessions waiting to be written down; kept of one domain and day; and in all. */
  tlsResultsWaiting: 5_000,
  tlsResultsPerDay: 1_000,
  tlsResults: 200_000,
  /** How old the results of a day may be when they are reported. */
  tlsResultDays: 3,
  /** Wait for a host that takes reports by HTTPS. */
  tlsReportPostMs: 60_000,
} as const;
