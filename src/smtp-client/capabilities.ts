import type { Reply } from '../smtp/reply.ts';

/** What the peer offers in its reply to EHLO. */
export interface Capabilities {
  readonly pipelining: boolean;
  readonly startTls: boolean;
  readonly chunking: boolean;
  readonly dsn: boolean;
  readonly smtputf8: boolean;
  readonly eightBitMime: boolean;
  /** RFC 3030 §3: only together with CHUNKING. */
  readonly binaryMime: boolean;
  readonly requireTls: boolean;
  /** SIZE is offered, so that MAIL may say the size. */
  readonly size: boolean;
  /** RFC 1870 §4; undefined when the peer says no limit. */
  readonly sizeBytes: number | undefined;
  /** RFC 9422 RCPTMAX; undefined when the peer says none. */
  readonly recipients: number | undefined;
  /** SASL mechanisms, upper case. */
  readonly auth: readonly string[];
}

/** @param reply to EHLO; undefined for a peer that knows only HELO. Source: RFC 5321 §4.1.1.1 */
export function parseCapabilities(reply: Reply | undefined): Capabilities {
  const keywords = new Map<string, string[]>();
  for (const line of reply?.lines.slice(1) ?? []) {
    // "AUTH=LOGIN" is how old servers wrote it for older clients.
    const [keyword, ...parameters] = line
      .trim()
      .toUpperCase()
      .replace(/^AUTH=/, 'AUTH ')
      .split(/\s+/);
    keywords.set(keyword!, [...(keywords.get(keyword!) ?? []), ...parameters]);
  }
  const has = (keyword: string): boolean => keywords.has(keyword);
  const rcptMax = keywords.get('LIMITS')?.find((parameter) => parameter.startsWith('RCPTMAX='));
  return {
    pipelining: has('PIPELINING'),
    startTls: has('STARTTLS'),
    chunking: has('CHUNKING'),
    dsn: has('DSN'),
    smtputf8: has('SMTPUTF8'),
    eightBitMime: has('8BITMIME'),
    binaryMime: has('BINARYMIME') && has('CHUNKING'),
    requireTls: has('REQUIRETLS'),
    size: has('SIZE'),
    sizeBytes: positive(keywords.get('SIZE')?.[0]),
    recipients: positive(rcptMax?.slice('RCPTMAX='.length)),
    auth: keywords.get('AUTH') ?? [],
  };
}

function positive(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}
