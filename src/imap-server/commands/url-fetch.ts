import { parseMessageUrl } from '../../imap/imap-url.ts';
import { quote } from '../../imap/quote.ts';
import type { ByteText } from '../../message/structure.ts';
import type { Command } from '../command.ts';
import { writeNstring } from '../fetch-response.ts';
import { RefusedError } from '../reply.ts';
import type { Session } from '../session.ts';
import { withAuthorizedUrl } from '../url-authorization.ts';
import { withUrlContent } from '../url-content.ts';

/** What a URL doesn't give, for whatever reason, is NIL. Source: RFC 4467 §7.3 */
export const urlFetch: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    const urls: ByteText[] = [];
    do {
      args.space();
      urls.push(args.astring());
      if (urls.length > session.server.limits.imapUrls) throw new RefusedError('NO', 'LIMIT', 'Too many URLs');
    } while (!args.atEnd);
    for (const url of urls) {
      const before = `* URLFETCH ${quote(url)} `;
      const found = await writeContent(session, before, url);
      if (found !== true) session.out.write(`${before}NIL\r\n`);
      await session.out.flush();
    }
    return undefined;
  },
};

/** @returns whether the URL gave anything */
async function writeContent(session: Session, before: ByteText, text: ByteText): Promise<boolean | undefined> {
  const url = text.length > session.server.limits.imapUrlBytes ? undefined : parseMessageUrl(text);
  if (url === undefined) return false;
  return await withAuthorizedUrl(session, url, (account, mailboxId) =>
    withUrlContent(account, mailboxId, url, async (content) => {
      if (content === undefined) return false;
      await writeNstring(session.out, before, content);
      session.out.write('\r\n');
      return true;
    }),
  );
}
