import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { allRights, changeRights, parseRights, type RightsChange } from '../../store/sharing/rights.ts';
import { findGrantee, type Grantee, nobody, parseIdentifier } from '../acl-identifier.ts';
import { mailboxCommandWith } from '../mailbox-command.ts';
import type { MailboxPlace } from '../mailbox-place.ts';
import { RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';

/** Source: RFC 4314 §3.1 */
export const setAcl = mailboxCommandWith(parseIdentifierAndChange, async (session, place, { identifier, change }) => {
  const { mailbox } = await place.require('a');
  const grantee = await findGrantee(session, place.account.name, identifier);
  if (grantee === undefined) throw nobody();
  if (grantee.own) checkOwners(grantee, change);
  else await place.account.sharing.changeAcl(mailbox.id, grantee, change);
});

/** Source: RFC 4314 §3.2 */
export const deleteAcl = mailboxCommandWith(parseIdentifier, async (session, place, { identifier }) => {
  const { mailbox } = await place.require('a');
  const change: RightsChange = { mode: 'replace', rights: '' };
  const grantee = await granteeOrName(session, place, identifier);
  if (grantee.own) checkOwners(grantee, change);
  else await place.account.sharing.changeAcl(mailbox.id, grantee, change);
});

/** What was granted to an account that is gone can be taken away. */
async function granteeOrName(session: Session, place: MailboxPlace, identifier: string): Promise<Grantee> {
  const found = await findGrantee(session, place.account.name, identifier);
  return found ?? { identifier, accountCreatedAt: 0, own: false };
}

/** The owner has all rights always (RFC 4314 §3.7): so much can be granted, and nothing taken away. @throws RefusedError */
function checkOwners({ identifier }: Grantee, change: RightsChange): void {
  const always = identifier.startsWith('-') ? '' : allRights;
  if (changeRights(always, change) !== always) {
    throw new RefusedError('NO', 'CANNOT', 'The owner has all rights always');
  }
}

function parseIdentifierAndChange(args: ArgumentParser): { identifier: string; change: RightsChange } {
  const { identifier } = parseIdentifier(args);
  args.space();
  return { identifier, change: parseChange(args) };
}

/** `+` adds, `-` removes, else all are replaced. @throws ImapSyntaxError for unknown rights, as RFC 4314 §3.1 wants */
function parseChange(args: ArgumentParser): RightsChange {
  const text = args.astring();
  const sign = /^[+-]/.exec(text)?.[0];
  const rights = parseRights(sign === undefined ? text : text.slice(1));
  if (rights === undefined) args.fail('Unknown right');
  return { mode: sign === '+' ? 'add' : sign === '-' ? 'remove' : 'replace', rights };
}
