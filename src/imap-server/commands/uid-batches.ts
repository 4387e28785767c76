import type { Command } from '../command.ts';
import { RefusedError } from '../reply.ts';
import type { UidList } from '../uid-list.ts';

/**
 * Ranges of UIDs that hold about as many messages each, the highest first. Together they are all UIDs below the highest, so that what is
 * between messages is in one of them too.
 * Source: RFC 10022 §3.1
 */
export const uidBatches: Command = {
  when: 'selected',
  tellsExpunges: true,
  async run(session, args) {
    const { limits } = session.server;
    args.space();
    const size = args.number();
    let first = 1;
    let last = Number.POSITIVE_INFINITY;
    if (!args.atEnd) {
      args.space();
      first = args.number();
      args.take(':');
      last = args.number();
    }
    args.end();
    if (size === 0) args.fail('Number must not be 0');
    if (first === 0 || last < first) {
      throw new RefusedError('BAD', 'CLIENTBUG', 'The first batch comes before the last, and its number is at least 1');
    }
    if (size < limits.imapBatchMessages) {
      throw new RefusedError('NO', 'TOOFEW', `A batch has at least ${limits.imapBatchMessages} messages`);
    }
    const tag = args.text.slice(0, args.text.indexOf(' '));
    const ranges = batches(session.mailbox.uids, size, first, last);
    session.untagged(`UIDBATCHES (TAG "${tag}")${ranges.length === 0 ? '' : ` ${ranges.join(',')}`}`);
    return undefined;
  },
};

function batches(uids: UidList, size: number, first: number, last: number): string[] {
  const ranges: string[] = [];
  // From the end: the first batch is that of the newest messages.
  let end = uids.count - (first - 1) * size;
  for (let batch = first; batch <= last && end > 0; batch++, end -= size) {
    // The gap above a batch belongs to it, but above the first there is nothing yet; the last one begins with 1.
    const high = end === uids.count ? uids.last : uids.at(end) - 1;
    const low = end > size ? uids.at(end - size) : 1;
    ranges.push(`${high}:${low}`);
  }
  return ranges;
}
