import type { Validation } from './messages/new-message.ts';

/** Where a message came from, and what of that was shown to be true. */
export interface ContentOrigin {
  readonly contentId: number;
  readonly fromLocalpart: string | undefined;
  readonly fromDomain: string | undefined;
  readonly mailFromDomain: string | undefined;
  readonly helloName: string | undefined;
  readonly remoteAddress: string;
  readonly isForward: boolean;
  readonly validation: Validation | undefined;
}

/** How the columns `hello_validation`, `mail_from_validation` and `from_validation` have what was shown. */
export const validationNumbers = { none: 0, spf: 1, dmarc: 1, aligned: 2 } as const;

export const originColumns = `contents.id, from_localpart, from_domain, from_org_domain, remote_address, hello_name, mail_from_domain, is_forward,
  hello_validation, mail_from_validation, from_validation, dkim_domains`;

export interface OriginRow {
  readonly id: number;
  readonly from_localpart: string | null;
  readonly from_domain: string | null;
  readonly from_org_domain: string | null;
  readonly remote_address: string;
  readonly hello_name: string | null;
  readonly mail_from_domain: string | null;
  readonly is_forward: number;
  readonly hello_validation: number | null;
  readonly mail_from_validation: number | null;
  readonly from_validation: number | null;
  readonly dkim_domains: string | null;
}

const fromNames = ['none', 'dmarc', 'aligned'] as const;

export function toOrigin(row: OriginRow): ContentOrigin {
  return {
    contentId: row.id,
    fromLocalpart: row.from_localpart ?? undefined,
    fromDomain: row.from_domain ?? undefined,
    mailFromDomain: row.mail_from_domain ?? undefined,
    helloName: row.hello_name ?? undefined,
    remoteAddress: row.remote_address,
    isForward: row.is_forward === 1,
    validation: toValidation(row),
  };
}

function toValidation(row: OriginRow): Validation | undefined {
  if (row.from_validation === null) return undefined;
  return {
    hello: row.hello_validation === validationNumbers.spf ? 'spf' : 'none',
    mailFrom: row.mail_from_validation === validationNumbers.spf ? 'spf' : 'none',
    from: fromNames[row.from_validation] ?? 'none',
    organisation: row.from_org_domain ?? undefined,
    dkimDomains: JSON.parse(row.dkim_domains ?? '[]') as string[],
  };
}
