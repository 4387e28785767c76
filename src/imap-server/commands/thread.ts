import type { ArgumentParser } from '../../imap/argument-parser.ts';
import { parseThreadAlgorithm } from '../../imap/thread-algorithm.ts';
import type { Command } from '../command.ts';
import { parseWanted } from '../parse-search.ts';
import type { OkReply } from '../reply.ts';
import { searchMailbox } from '../search-mailbox.ts';
import type { Session } from '../session.ts';
import { threadMessages } from '../threads/thread-messages.ts';

/** Source: RFC 5256 §3 */
export const thread: Command = {
  when: 'selected',
  tellsExpunges: false,
  byNumber: true,
  run: (session, args) => run(session, args, false),
};

export const uidThread: Command = {
  when: 'selected',
  tellsExpunges: true,
  run: (session, args) => run(session, args, true),
};

async function run(session: Session, args: ArgumentParser, byUid: boolean): Promise<OkReply | undefined> {
  const { mailbox } = session;
  args.space();
  const algorithm = parseThreadAlgorithm(args);
  args.space();
  const { key, keepsNumbers } = parseWanted(session, args, { charset: 'named', fuzzy: false });
  const { uids } = await searchMailbox(mailbox, key, { nowMs: session.server.clock.now(), wantsModseqs: false });
  const numberOf = byUid ? (uid: number) => uid : (uid: number) => mailbox.sequenceOf(uid);
  const threads = await threadMessages(mailbox, uids, algorithm, numberOf);
  session.untagged(threads === '' ? 'THREAD' : `THREAD ${threads}`);
  return keepsNumbers ? { keepsNumbers } : undefined;
}
