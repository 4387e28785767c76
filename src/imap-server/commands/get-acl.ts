import { quoteUnlessAtom } from '../../imap/quote.ts';
import { allRights, formatRights } from '../../store/sharing/rights.ts';
import { findGrantee, nobody, parseIdentifier, validEntries } from '../acl-identifier.ts';
import { mailboxCommand, mailboxCommandWith } from '../mailbox-command.ts';
import { checkRights } from '../mailbox-place.ts';
import { rightsText } from '../rights-text.ts';

/** The owner's entry comes first; it cannot be changed. Source: RFC 4314 §3.3, §3.6 */
export const getAcl = mailboxCommand(async (session, place) => {
  const { account } = place;
  const { mailbox } = await place.require('a');
  const entries = await validEntries(
    session,
    account.name,
    await account.read((reader) => reader.sharing.acl(mailbox.id)),
  );
  const all = [{ identifier: account.name, rights: allRights }, ...entries];
  const text = all.map(({ identifier, rights }) => `${quoteUnlessAtom(identifier)} ${rightsText(rights)}`).join(' ');
  session.untagged(`ACL ${session.quotedName(place.nameOf(mailbox))} ${text}`);
});

/** No rights are tied together, and all can be granted to anybody; the owner has them. Source: RFC 4314 §3.4, §3.7 */
export const listRights = mailboxCommandWith(parseIdentifier, async (session, place, { given, identifier }) => {
  const { mailbox } = await place.require('a');
  const grantee = await findGrantee(session, place.account.name, identifier);
  if (grantee === undefined) throw nobody();
  const every = formatRights(allRights);
  const rights = grantee.own ? every : `"" ${[...every].join(' ')}`;
  // RFC 4314 §3.4: the answer has the identifier in the client's own form.
  const shown = quoteUnlessAtom(given, session.utf8);
  session.untagged(`LISTRIGHTS ${session.quotedName(place.nameOf(mailbox))} ${shown} ${rights}`);
});

/** Source: RFC 4314 §3.5, §3.8 */
export const myRights = mailboxCommand(async (session, place) => {
  const { mailbox, rights } = await place.require('');
  // RFC 4314 §4: one of these is needed.
  if (!/[lrikxa]/.test(rights)) checkRights('', 'l');
  session.untagged(`MYRIGHTS ${session.quotedName(place.nameOf(mailbox))} ${rightsText(rights)}`);
});
