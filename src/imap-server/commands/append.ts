import { formatNumbers } from '../../imap/sequence-set.ts';
import type { Command } from '../command.ts';
import { noteAdded } from '../note-added.ts';
import { runUpload } from '../upload.ts';

/** All messages of a command are added, or none. Source: RFC 9051 §6.3.12, RFC 3502 (several messages) */
export const append: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  run: (session, args) =>
    runUpload(session, args, async (upload) => {
      const { account, mailbox } = await upload.target();
      const messages = await upload.messages(session.server.limits.imapAppendMessages);
      const added = await account.messages.addAll(messages);
      noteAdded(session, account, mailbox.id, added[0].modseq);
      const uids = formatNumbers(added.map(({ uid }) => uid));
      return { code: `APPENDUID ${added[0].uidValidity} ${uids}`, text: 'Added' };
    }),
};
