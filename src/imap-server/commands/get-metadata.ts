import { parseGetMetadata } from '../../imap/metadata-entries.ts';
import type { Annotation } from '../../store/annotations/annotation-reader.ts';
import type { Command } from '../command.ts';
import { findPlace } from '../mailbox-place.ts';
import { readableAnnotations } from '../metadata-access.ts';
import { metadataResponse } from '../metadata-response.ts';
import type { Session } from '../session.ts';

/** The annotations of the server are those of the account: what one user notes there, no other sees. Source: RFC 5464 §4.2 */
export const getMetadata: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    const { mailbox: bytes, query } = parseGetMetadata(args);
    const name = session.mailboxName(bytes);
    const annotations =
      name === ''
        ? await session.mail.read((reader) => reader.annotations.of(undefined))
        : await ofMailbox(session, name);
    const { text, longestBytes } = metadataResponse(session.quotedName(name), annotations, query);
    if (text !== undefined) session.untagged(text);
    return longestBytes === undefined ? undefined : { code: `METADATA LONGENTRIES ${longestBytes}`, text: 'Done' };
  },
};

async function ofMailbox(session: Session, name: string): Promise<Annotation[]> {
  await using place = await findPlace(session, name);
  const { mailbox } = await place.require('r');
  return await readableAnnotations(place, mailbox.id);
}
