import type { Command } from '../command.ts';
import type { OkReply } from '../reply.ts';
import type { Session } from '../session.ts';

/** Source: RFC 9051 §6.4.3, RFC 7162 §3.2.7 */
export const expunge: Command = {
  when: 'selected',
  tellsExpunges: true,
  async run(session, args) {
    args.end();
    return remove(session, session.mailboxToChange('e').uids.slice());
  },
};

/** Source: RFC 9051 §6.4.9, RFC 4315 §2.1 */
export const uidExpunge: Command = {
  when: 'selected',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const set = args.sequenceSet();
    args.end();
    return remove(session, session.mailboxToChange('e').resolve(set, true));
  },
};

/** Only messages that the client knows of: others may have just been added by somebody else. */
async function remove(session: Session, uids: Uint32Array): Promise<OkReply | undefined> {
  const { mailbox } = session;
  const expunged = uids.length > 0 ? await mailbox.account.messages.expunge(mailbox.id, uids, 'deleted') : undefined;
  await mailbox.tellExpunged(session, expunged?.uids ?? []);
  if (!session.qresync) return undefined;
  return { code: `HIGHESTMODSEQ ${mailbox.highestModseq}`, text: 'Expunged' };
}
