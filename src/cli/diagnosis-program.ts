import type { TlsReportList } from '../control/commands/tls-reports.ts';

/** What the commands need of `main-diagnosis.ts`: questions to the DNS and to other servers, by the configured resolver if there is one. */
interface DiagnosisProgram {
  /** What SPF says of a client, and which records a domain has. */
  checkSpf(
    question: Asked & {
      ip: string;
      mailFrom: { localpart: string; domain: string } | undefined;
      helloName: string;
    },
  ): Promise<SpfAnswer>;
  lookUpSpf(question: Asked & { domain: string }): Promise<{ record: string; problem?: string }[]>;
  /** The DMARC record that is for a domain, and where it is; undefined when there is none. */
  lookUpDmarc(question: Asked & { domain: string }): Promise<DmarcAnswer | undefined>;
  /** Where reports to a domain may go, and why not to the rest; undefined when it has no DMARC record. */
  checkReportAddresses(question: Asked & { domain: string }): Promise<ReportAddressAnswer[] | undefined>;
  /** Reads an aggregate report: a message, XML, gzip or zip. */
  readDmarcReport(bytes: Buffer): Promise<DmarcReportAnswer>;
  /** Verifies the signatures of a message, whose lines end with CRLF. */
  verifyDkim(question: Asked & { content: AsyncIterable<Uint8Array> }): Promise<DkimAnswer[]>;
  /** Verifies the ARC chain of a message, whose lines end with CRLF. */
  verifyArc(question: Asked & { content: AsyncIterable<Uint8Array> }): Promise<ArcAnswer>;
  /** Asks DNS blocklists about an address, or only whether they work. @param question.lists none: those of the configuration */
  askDnsBlocklists(
    question: Asked & { lists: readonly string[]; ip: string | undefined },
  ): Promise<{ list: string; problem?: string; entry?: { text: string } }[]>;
  lookUpDns(question: Asked & { type: DnsType; name: string }): Promise<DnsAnswer>;
  /** The public key of a selector, and what is wrong with it. */
  lookUpDkim(question: Asked & { selector: string; domain: string }): Promise<DkimKeyAnswer>;
  lookUpMtaSts(question: Asked & { domain: string }): Promise<MtaStsAnswer>;
  /** Where a domain wants reports on TLS; undefined: nowhere. */
  lookUpTlsReporting(
    question: Asked & { domain: string },
  ): Promise<{ text: string; uris: readonly string[] } | undefined>;
  /** Reads a report on TLS: a message, JSON or gzip. */
  readTlsReport(bytes: Buffer): Promise<TlsReportAnswer>;
  lookUpDane(question: Asked & { domain: string }): Promise<DaneAnswer>;
  /** @throws when the text is no certificate in PEM */
  daneRecord(pem: string): string;
  dialSmtp(
    question: Asked & { host: string; port: number; dane: boolean },
  ): Promise<{ by: string; dialed: DialedHost[]; problem?: string }>;
  /** The records that a configured domain needs, as lines of a zone file. */
  dnsRecords(question: { staticConfigPath: string; domain: string }): Promise<string[]>;
  /** Compares what the DNS says of a configured domain with that. */
  checkDns(question: Asked & { domain: string }): Promise<DnsVerdict[]>;
  /** @param content with CRLF line ends */
  parseMessage(content: Uint8Array): ParsedMessage;
}

interface Asked {
  staticConfigPath: string;
  signal: AbortSignal;
}

export const dnsTypes = ['a', 'aaaa', 'mx', 'ns', 'ptr', 'soa', 'tlsa', 'txt'] as const;
type DnsType = (typeof dnsTypes)[number];

interface DnsAnswer {
  readonly records: readonly string[];
  readonly authentic: boolean;
  readonly ttlSeconds: number;
  readonly canonicalName: string;
}

interface DnsVerdict {
  readonly about: string;
  readonly verdict: 'ok' | 'note' | 'warning' | 'error';
  readonly text: string;
  readonly hint?: string;
}

interface DkimKeyAnswer {
  readonly records: readonly string[];
  readonly key?: {
    readonly type: string;
    readonly bits: number | undefined;
    readonly isRevoked: boolean;
    readonly isTest: boolean;
  };
  readonly problem?: string;
}

interface MtaStsAnswer {
  readonly id?: string;
  readonly policy?: { readonly mode: string; readonly mx: readonly string[]; readonly maxAgeSeconds: number };
  readonly problem?: string;
}

/** Times in milliseconds. */
interface TlsReportAnswer {
  readonly organization: string;
  readonly reportId: string;
  readonly beginAt: number;
  readonly policies: TlsReportList[number]['policies'];
}

interface DaneAnswer {
  readonly authentic: boolean;
  readonly hosts: readonly {
    readonly host: string;
    readonly authentic: boolean;
    readonly records: readonly { readonly text: string; readonly isUsable: boolean }[];
    readonly problem?: string;
  }[];
  readonly problem?: string;
}

export interface DialedHost {
  readonly address: string;
  readonly session?: {
    readonly offers: Readonly<Record<string, unknown>>;
    readonly tls?: { readonly protocol: string; readonly cipher: string };
    readonly certificate?: {
      readonly subject: string;
      readonly issuer: string;
      readonly names: string;
      readonly validTo: string;
    };
    readonly certificateProblem?: string;
  };
  readonly problem?: string;
}

export interface ShownPart {
  readonly type: string;
  readonly encoding: string;
  readonly name?: string;
  readonly disposition?: string;
  readonly offset: number;
  readonly size: number;
  readonly parts?: readonly ShownPart[];
  readonly message?: { readonly header: Readonly<Record<string, string>>; readonly part: ShownPart };
}

interface ParsedMessage {
  readonly sizeBytes: number;
  readonly header: Readonly<Record<string, string>>;
  readonly fromFields: number;
  readonly receivedFields: number;
  readonly part: ShownPart;
}

interface ArcAnswer {
  readonly result: string;
  readonly problem?: string;
  readonly oldestPass?: number;
  /** The first one first. */
  readonly sealers: readonly {
    readonly domain: string;
    readonly selector: string;
    readonly isTrusted: boolean;
    readonly authentication: {
      readonly server: string;
      readonly results: readonly { readonly method: string; readonly result: string }[];
    };
  }[];
}

export interface DmarcAnswer {
  readonly domain: string;
  readonly text: string;
  /** Undefined: it is wrong, or there are several. */
  readonly policy: string | undefined;
}

export interface ReportAddressAnswer {
  readonly uri: string;
  readonly addresses: readonly { readonly address: string; readonly maxBytes: number | undefined }[];
  readonly problem?: string;
}

/** Times in milliseconds. */
export interface DmarcReportAnswer {
  readonly orgName: string;
  readonly reportId: string;
  readonly beginAt: number;
  readonly endAt: number;
  readonly errors: readonly string[];
  readonly policy: { readonly domain: string; readonly policy?: string };
  readonly records: readonly DmarcRecordAnswer[];
}

export interface DmarcRecordAnswer {
  readonly sourceIp: string;
  readonly count: number;
  readonly disposition: string;
  readonly dkim: string;
  readonly spf: string;
  readonly headerFrom: string;
  readonly reasons: readonly { readonly type: string }[];
}

interface DkimAnswer {
  readonly result: string;
  readonly signature?: { readonly domain: string; readonly selector: string; readonly algorithm: string };
  readonly problem?: string;
  readonly isTest?: boolean;
}

interface SpfAnswer {
  readonly result: string;
  readonly identity: 'mailfrom' | 'helo';
  readonly domain: string;
  readonly mechanism?: string;
  readonly explanation?: string;
  readonly problem?: string;
}

export async function diagnosisProgram(): Promise<DiagnosisProgram> {
  return await import('../main-diagnosis.ts');
}
