import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { highest } from '../../imap/sequence-set.ts';
import type { Command } from '../command.ts';
import { noteAdded } from '../note-added.ts';
import { type OkReply, RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';
import { runUpload } from '../upload.ts';

/** Adds a message in place of another, in one transaction. Source: RFC 8508 §3.2, §3.4 */
export const replace: Command = {
  when: 'selected',
  tellsExpunges: true,
  byNumber: true,
  run: (session, args) => run(session, args, false),
};

/** Source: RFC 8508 §3.3 */
export const uidReplace: Command = { ...replace, byNumber: false, run: (session, args) => run(session, args, true) };

function run(session: Session, args: ArgumentParser, byUid: boolean): Promise<OkReply> {
  return runUpload(session, args, async (upload) => {
    args.space();
    const number = args.match(/\*|[1-9]\d{0,9}/y) ?? args.fail('Message number expected');
    const target = await upload.target();
    const mailbox = session.mailboxToChange('te');
    const { account } = mailbox;
    // Two accounts have no transaction in common.
    if (target.account.name !== account.name) {
      throw new RefusedError('NO', 'CANNOT', 'Both mailboxes have to be of the same account');
    }
    const one = number === '*' ? highest : Number(number);
    const [uid] = mailbox.resolve({ saved: false, ranges: [one, one] }, byUid);
    const rows = await account.read((reader) =>
      reader.messages.rows(mailbox.id, uid === undefined ? [] : [uid], undefined, undefined, {
        columns: ['sizeBytes'],
      }),
    );
    if (uid === undefined || rows.length === 0) throw new RefusedError('NO', 'EXPUNGEISSUED', 'The message is gone');
    const [message] = await upload.messages(1, { bytes: rows[0].sizeBytes, messages: 1 });
    // While the message came, they may have been taken away.
    await mailbox.renewRights(session.out);
    session.mailboxToChange('te');
    const added = await account.messages.replace(mailbox.id, uid, message);
    noteAdded(session, account, added.mailboxId, added.modseq);
    // RFC 8508 §4.3: APPENDUID comes before the EXPUNGE response.
    session.untaggedOk(`APPENDUID ${added.uidValidity} ${added.uid}`, 'Replaced');
    await mailbox.tellExpunged(session, [uid]);
    return session.qresync
      ? { code: `HIGHESTMODSEQ ${mailbox.highestModseq}`, text: 'Replaced' }
      : { text: 'Replaced' };
  });
}
