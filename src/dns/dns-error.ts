import { RestanteError } from '../runtime/errors.ts';

/**
 * - `nxdomain`: the name doesn't exist.
 * - `nodata`: the name exists, without records of the type.
 * - `temporary`: no server answered, or the answer can't be used: SERVFAIL, which DNSSEC failures come as too, or a timeout.
 */
export type DnsErrorKind = 'nxdomain' | 'nodata' | 'temporary';

export class DnsError extends RestanteError {
  readonly kind: DnsErrorKind;
  /** The absence of name or records was proved by DNSSEC. */
  readonly authentic: boolean;

  constructor(
    kind: DnsErrorKind,
    query: { name: string; type: string },
    detail: string,
    details: { authentic?: boolean; cause?: unknown } = {},
  ) {
    super(`dns-${kind}`, `Cannot look up ${query.type} of "${query.name}": ${detail}`, {
      context: query,
      cause: details.cause,
    });
    this.kind = kind;
    this.authentic = details.authentic ?? false;
  }
}
