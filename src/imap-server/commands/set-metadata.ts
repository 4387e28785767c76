import { parseEntryValues } from '../../imap/metadata-entries.ts';
import { limits } from '../../runtime/limits.ts';
import { StoreLimitError } from '../../store/store-errors.ts';
import type { Command } from '../command.ts';
import { findPlace } from '../mailbox-place.ts';
import { RefusedError } from '../reply.ts';

/** Source: RFC 5464 §4.3 */
export const setMetadata: Command = {
  when: 'logged-in',
  tellsExpunges: true,
  async run(session, args) {
    args.space();
    const name = session.mailboxName(args.astring());
    args.space();
    const values = parseEntryValues(args);
    args.end();
    await using place = name === '' ? undefined : await findPlace(session, name);
    const mailbox = (await place?.require('rw'))?.mailbox;
    // RFC 5464 §4.3: private annotations of another's mailbox would be seen by its owner.
    if (place?.access !== undefined && values.some(({ entry }) => entry.startsWith('/private/'))) {
      throw new RefusedError('NO', 'METADATA NOPRIVATE', 'A mailbox of another account has no private annotations');
    }
    // RFC 5464 §3.2.1.1
    if (name === '' && values.some(({ entry }) => entry === '/shared/admin')) {
      throw new RefusedError('NO', 'NOPERM', 'Only the administrator changes /shared/admin');
    }
    const annotations = values.map(({ entry, value }) => ({
      key: entry,
      value: value === undefined ? undefined : Buffer.from(value, 'latin1'),
    }));
    try {
      const modseq = await (place?.account ?? session.mail).annotations.set(mailbox?.id, annotations);
      if (place?.access === undefined) {
        session.metadata?.noteOwnChange(modseq);
        session.notifications?.noteOwnMetadata(modseq);
      }
    } catch (error) {
      throw refusal(error) ?? error;
    }
    return undefined;
  },
};

function refusal(error: unknown): RefusedError | undefined {
  if (!(error instanceof StoreLimitError)) return undefined;
  switch (error.context.limit) {
    case 'annotationBytes':
      return new RefusedError('NO', `METADATA MAXSIZE ${limits.annotationBytes}`, 'The value is too long', error);
    case 'annotationsPerMailbox':
      return new RefusedError('NO', 'METADATA TOOMANY', 'There are too many annotations', error);
  }
  return undefined;
}
