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

/** So much is put beside what comes before and after, and all of it sent as one. */
const pieceBytes = 8 * 1024;

async function run(session: Session, args: ArgumentParser, byUid: boolean): Promise<OkReply | undefined> {
  const { mailbox } = session;
  args.space();
  const algorithm = parseThreadAlgorithm(args);
  args.space();
  const { key, keepsNumbers } = parseWanted(session, args, { charset: 'named', fuzzy: false });
  const { uids } = await searchMailbox(mailbox, key, { nowMs: session.server.clock.now(), wantsModseqs: false });
  const numbersOf = (of: Uint32Array): Uint32Array => (byUid ? of : mailbox.uids.sequencesOf(of));
  const threads = await threadMessages(mailbox, uids, algorithm, numbersOf);
  session.out.write(threads.length === 0 ? '* THREAD' : '* THREAD ');
  for (let at = 0; at < threads.length; at += pieceBytes) {
    session.out.writeBytes(threads.subarray(at, at + pieceBytes));
  }
  session.out.write('\r\n');
  return keepsNumbers ? { keepsNumbers } : undefined;
}
