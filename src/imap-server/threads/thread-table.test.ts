import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ThreadFacts } from '../../message/thread-facts.ts';
import { Pace } from '../pace.ts';
import { SortRanks } from '../sort-ranks.ts';
import { ThreadColumns } from './thread-columns.ts';
import { ThreadTable } from './thread-table.ts';

interface Mail extends ThreadFacts {
  readonly uid: number;
  readonly date: number;
}

async function tableOf(mails: readonly Mail[], numbered?: ThreadColumns): Promise<ThreadTable> {
  const sorted = mails.toSorted((one, other) => one.uid - other.uid);
  const columns = new ThreadColumns(numbered);
  for (const mail of sorted) columns.add(mail);
  const uids = Uint32Array.from(sorted, ({ uid }) => uid);
  return new ThreadTable(
    await SortRanks.ofNumbers(
      uids,
      Float64Array.from(sorted, ({ date }) => date),
      new Pace(),
    ),
    columns,
  );
}

/** All that a table says, in digests. */
function contentsOf({ columns, dates }: ThreadTable): unknown[] {
  const { ids, subjects } = columns;
  return Array.from(dates.uids, (uid, row) => {
    const references: number[] = [];
    for (let at = columns.firstReference(row); at < columns.firstReference(row + 1); at++) {
      references.push(ids.digestOf(columns.reference(at)));
    }
    const id = columns.messageId(row);
    const subject = columns.subject(row);
    return [
      uid,
      dates.ranks[row],
      id === -1 ? undefined : ids.digestOf(id),
      references,
      subject === -1 ? undefined : subjects.digestOf(subject),
      columns.isReply(row),
    ];
  });
}

describe('what messages are threaded by', () => {
  it('is the same when messages come and go as when all are read anew, and holds on to little of what has gone', async () => {
    const id = fc.integer({ min: 1, max: 200 }).map((number) => number * 32);
    const mail = fc.record({
      uid: fc.integer({ min: 1, max: 60 }),
      date: fc.nat(5),
      messageId: fc.option(id, { nil: undefined }),
      references: fc.uniqueArray(id, { maxLength: 4 }),
      subject: fc.constantFrom('', 'a', 'b', 'c', 'd'),
      isReply: fc.boolean(),
    });
    const step = fc.record({
      come: fc.uniqueArray(mail, { maxLength: 8, selector: ({ uid }) => uid }),
      go: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const there = new Map<number, Mail>();
        let table = await tableOf([]);
        for (const { come, go } of steps) {
          for (const uid of go) there.delete(uid);
          const known = new Set(table.dates.uids);
          const fresh = come.filter(({ uid }) => !known.has(uid));
          for (const one of fresh) there.set(one.uid, one);
          const existing = Uint32Array.from(there.keys()).sort();
          table = await table.joined(await tableOf(fresh, table.columns), existing, new Pace());
          expect(contentsOf(table)).toEqual(contentsOf(await tableOf([...there.values()])));
          expect([...table.dates.order]).toEqual([...(await tableOf([...there.values()])).dates.order]);
        }
        table = await table.joined(await tableOf([], table.columns), new Uint32Array(0), new Pace());
        table = await table.joined(await tableOf([], table.columns), new Uint32Array(0), new Pace());
        expect(table.columns.ids.count).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  it('takes little memory where there are few messages, as in most mailboxes', async () => {
    const mails = Array.from({ length: 10 }, (_, at) => ({
      ...{ uid: at + 1, date: at, messageId: (at + 1) * 32, references: at === 0 ? [] : [at * 32] },
      ...{ subject: `s${at}`, isReply: false },
    }));
    expect((await tableOf(mails)).sizeBytes).toBeLessThan(2000);
  });
});
