/** A set of rights to a mailbox: letters of {@link allRights}, each once, in that order. */
export type Rights = string;

/** Lookup, read, seen, write, insert, post, create, delete the mailbox, delete messages, expunge, administer: RFC 4314 §2.1. */
export const allRights: Rights = 'lrswipkxtea';

/** Stands for every account, in an access control list. RFC 4314 §2 */
export const anyone = 'anyone';

/** What an access control list grants one identifier, or, when that begins with `-`, takes away from it. */
export interface AclEntry {
  /** Name of an account or {@link anyone}, with `-` before it for what is taken away. */
  readonly identifier: string;
  /** When the account was made: a later one of that name has nothing by this entry. 0 for {@link anyone}. */
  readonly accountCreatedAt: number;
  readonly rights: Rights;
}

/** An account as a user of others' mailboxes. */
export interface MailUser {
  readonly name: string;
  readonly createdAt: number;
}

/**
 * Reads rights as a client writes them. `c` and `d` of RFC 2086 stand for "kx" and "et".
 * @returns undefined when one of them is not known
 * Source: RFC 4314 §2.1.1, §3.1
 */
export function parseRights(text: string): Rights | undefined {
  const letters = text.replaceAll('c', 'kx').replaceAll('d', 'et');
  return /^[lrswipkxtea]*$/.test(letters) ? inOrder(letters) : undefined;
}

/** Writes rights as clients read them: with `c` and `d` where a part of what these stand for is granted. RFC 4314 §2.1.1 */
export function formatRights(rights: Rights): string {
  return `${rights}${/[kx]/.test(rights) ? 'c' : ''}${/[et]/.test(rights) ? 'd' : ''}`;
}

/** What a change does to the rights that an identifier has. */
export interface RightsChange {
  readonly mode: 'add' | 'remove' | 'replace';
  readonly rights: Rights;
}

export function changeRights(before: Rights, { mode, rights }: RightsChange): Rights {
  if (mode === 'replace') return rights;
  return mode === 'add' ? inOrder(before + rights) : withoutRights(before, rights);
}

/** What a user may do: what is granted to it and to everyone, without what is taken from either. RFC 4314 §2 */
export function effectiveRights(entries: readonly AclEntry[], user: MailUser): Rights {
  let granted = '';
  let taken = '';
  for (const { identifier, accountCreatedAt, rights } of entries) {
    const negative = identifier.startsWith('-');
    const name = negative ? identifier.slice(1) : identifier;
    if (name !== anyone && (name !== user.name || accountCreatedAt !== user.createdAt)) continue;
    if (negative) taken += rights;
    else granted += rights;
  }
  return withoutRights(inOrder(granted), taken);
}

function withoutRights(rights: Rights, without: string): Rights {
  return [...rights].filter((right) => !without.includes(right)).join('');
}

function inOrder(letters: string): Rights {
  return [...allRights].filter((right) => letters.includes(right)).join('');
}
