import type { ArgumentParser } from '../imap/argument-parser.ts';
import { decodeUtf8 } from '../imap/byte-text.ts';
import type { ByteText } from '../message/structure.ts';
import { saslprep } from '../sasl/saslprep.ts';
import { type AclEntry, anyone } from '../store/sharing/rights.ts';
import { RefusedError } from './reply.ts';
import type { Session } from './session.ts';

/**
 * Reads the identifier of an entry: an account by its name or an address of it, or `anyone`, with `-` before it for rights that are
 * taken away.
 * @returns `given`: as the client wrote it
 * @throws ImapSyntaxError
 * Source: RFC 4314 §2, §3
 */
export function parseIdentifier(args: ArgumentParser): { given: ByteText; identifier: string } {
  const given = args.astring();
  const identifier = saslprep(decodeUtf8(given) ?? args.fail('Identifier is not UTF-8'));
  if (identifier === undefined || identifier === '' || identifier === '-') args.fail('That is no identifier');
  return { given, identifier };
}

/** Whom an identifier means; `own`: the owner of the mailbox, who has all rights always. */
export type Grantee = Pick<AclEntry, 'identifier' | 'accountCreatedAt'> & { readonly own: boolean };

/** @returns undefined when there is nobody of that name */
export async function findGrantee(session: Session, owner: string, identifier: string): Promise<Grantee | undefined> {
  const sign = identifier.startsWith('-') ? '-' : '';
  const name = identifier.slice(sign.length);
  if (name === anyone) return { identifier, accountCreatedAt: 0, own: false };
  const account = await session.server.findAccount(name);
  if (account === undefined) return undefined;
  await using opened = await session.server.accounts.open(account);
  const accountCreatedAt = await opened.read((reader) => reader.createdAt());
  return { identifier: sign + account, accountCreatedAt, own: account === owner };
}

export function nobody(): RefusedError {
  return new RefusedError('NO', undefined, 'There is no account of that name');
}

/** The entries that mean accounts there are: those of an account that is gone, or of an earlier one of its name, say nothing. */
export async function validEntries(session: Session, owner: string, entries: readonly AclEntry[]): Promise<AclEntry[]> {
  const valid: AclEntry[] = [];
  for (const entry of entries) {
    const grantee = await findGrantee(session, owner, entry.identifier);
    if (grantee?.identifier === entry.identifier && grantee.accountCreatedAt === entry.accountCreatedAt) {
      valid.push(entry);
    }
  }
  return valid;
}
