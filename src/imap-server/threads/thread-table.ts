import type { Remembered } from '../mailbox-memory.ts';
import type { Pace } from '../pace.ts';
import type { SortRanks } from '../sort-ranks.ts';
import { ThreadColumns } from './thread-columns.ts';

const stepsBetweenLooks = 1024;

/** What the messages of a mailbox are threaded by. Never changes. */
export class ThreadTable implements Remembered {
  /** By sent date, RFC 5256 §2.2; the place of a message is its row in the columns. */
  readonly dates: SortRanks;
  readonly columns: ThreadColumns;

  constructor(dates: SortRanks, columns: ThreadColumns) {
    this.dates = dates;
    this.columns = columns;
  }

  get sizeBytes(): number {
    return this.dates.sizeBytes + this.columns.sizeBytes;
  }

  /**
   * Puts others in, of which none is known, and leaves out what is not among some.
   * @param others share the numbers of this
   * @param existing ascending UIDs
   */
  async joined(others: ThreadTable, existing: Uint32Array, pace: Pace): Promise<ThreadTable> {
    const kept = this.dates.within(existing);
    const dates = kept.joined(others.dates, others.dates.ranks);
    const own = this.dates.placesOf(dates.uids);
    const columns = new ThreadColumns(this.columns.isNumberedSparsely ? undefined : this.columns);
    for (let at = 0, other = 0; at < own.length; at++) {
      if (own[at] === -1) columns.copy(others.columns, other++);
      else columns.copy(this.columns, own[at]!);
      if (at % stepsBetweenLooks === 0 && pace.over) await pace.turn();
    }
    return new ThreadTable(dates, columns);
  }
}
