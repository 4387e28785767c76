import { parseGetMetadata } from '../../imap/metadata-entries.ts';
import type { Command } from '../command.ts';
import { metadataResponse } from '../metadata-response.ts';
import { RefusedError } from '../reply.ts';

/** The annotations of the server are those of the account: what one user notes there, no other sees. Source: RFC 5464 §4.2 */
export const getMetadata: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    const { mailbox: bytes, query } = parseGetMetadata(args);
    const name = session.mailboxName(bytes);
    const annotations = await session.mail.read(async (reader) => {
      if (name === '') return await reader.annotations(undefined);
      const mailbox = await reader.mailbox(name);
      return mailbox === undefined ? undefined : await reader.annotations(mailbox.id);
    });
    if (annotations === undefined) throw new RefusedError('NO', 'NONEXISTENT', 'There is no such mailbox');
    const { text, longestBytes } = metadataResponse(session.quotedName(name), annotations, query);
    if (text !== undefined) session.untagged(text);
    return longestBytes === undefined ? undefined : { code: `METADATA LONGENTRIES ${longestBytes}`, text: 'Done' };
  },
};
