import { randomBytes } from 'node:crypto';
import { parseMessageUrl } from '../../imap/imap-url.ts';
import { quote } from '../../imap/quote.ts';
import type { ByteText } from '../../message/structure.ts';
import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';
import { accountOfUrl, urlToken } from '../url-authorization.ts';

const keyBytes = 32;

/** Source: RFC 4467 §7.2 */
export const genUrlAuth: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    const rumps: ByteText[] = [];
    do {
      args.space();
      const rump = args.astring();
      args.space();
      const mechanism = args.word();
      if (mechanism !== 'INTERNAL') throw new RefusedError('NO', 'CANNOT', 'The only mechanism is INTERNAL');
      rumps.push(rump);
      if (rumps.length > session.server.limits.imapUrls) throw new RefusedError('NO', 'LIMIT', 'Too many URLs');
    } while (!args.atEnd);
    const urls: ByteText[] = [];
    for (const rump of rumps) urls.push(quote(await authorize(session, rump)));
    session.untagged(`GENURLAUTH ${urls.join(' ')}`);
    return undefined;
  },
};

/** @throws RefusedError for what is no URL of a message of the user */
async function authorize(session: Session, rump: ByteText): Promise<ByteText> {
  const url = rump.length > session.server.limits.imapUrlBytes ? undefined : parseMessageUrl(rump);
  const { mail } = session;
  if (url?.server === undefined || url.urlAuth === undefined || url.urlAuth.token !== undefined) {
    throw new RefusedError('BAD', undefined, 'A URL of a message is expected, to where the proof is to follow');
  }
  if ((await accountOfUrl(session, url)) !== mail.name) {
    throw new RefusedError('NO', 'NOPERM', 'Only URLs of your own messages on this server can be authorized');
  }
  const mailbox = await mail.read((reader) => reader.mailboxes.named(url.mailbox ?? ''));
  if (mailbox === undefined || (url.uidValidity ?? mailbox.uidValidity) !== mailbox.uidValidity) {
    throw new RefusedError('NO', 'NONEXISTENT', 'There is no such mailbox');
  }
  const known = await mail.read((reader) => reader.mailboxes.urlKey(mailbox.id));
  const key = known ?? (await mail.mailboxes.makeUrlKey(mailbox.id, randomBytes(keyBytes)));
  return `${rump}:INTERNAL:${urlToken(key, rump)}`;
}
