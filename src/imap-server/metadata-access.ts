import type { Annotation } from '../store/annotations/annotation-reader.ts';
import type { MailboxPlace } from './mailbox-place.ts';

/**
 * What a user may see of a mailbox's annotations: of another's only those that are shared, as private ones are their owner's.
 * Source: RFC 5464 §3.3
 */
export async function readableAnnotations(place: MailboxPlace, mailboxId: number): Promise<Annotation[]> {
  const annotations = await place.account.read((reader) => reader.annotations.of(mailboxId));
  return place.access === undefined ? annotations : annotations.filter(({ key }) => key.startsWith('/shared/'));
}
