import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MailboxMemory } from './mailbox-memory.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { sortMessages } from './sort-messages.ts';
import { SortRanks } from './sort-ranks.ts';
import { UidList } from './uid-list.ts';

interface Row {
  readonly uid: number;
  readonly sizeBytes: number;
  readonly envelope: string;
}

function row(uid: number, sizeBytes: number, subject: string): Row {
  return { uid, sizeBytes, envelope: `(NIL "${subject}" NIL NIL NIL NIL NIL NIL NIL NIL)` };
}

/** @param whileRead happens to the account while messages are read */
function mailboxOf(rows: Map<number, Row>, whileRead: (account: { identity: object }) => void = () => {}) {
  const read = { count: 0 };
  const list = (): UidList => new UidList(Uint32Array.from(rows.keys()).sort());
  const rendered = async (_mailbox: number, uids: Uint32Array): Promise<Row[]> => {
    read.count += uids.length;
    return [...uids].flatMap((uid) => rows.get(uid) ?? []);
  };
  const account = {
    identity: {},
    async read(work: (reader: unknown) => unknown) {
      whileRead(account);
      return await work({ messages: { rendered } });
    },
  };
  const memory = new MailboxMemory(1_000_000);
  const mailbox = { account, memory, id: 1, uidValidity: 1, flags: async () => ({ uids: list() }) };
  return { mailbox: mailbox as unknown as SelectedMailbox, read, uids: () => list().slice() };
}

describe('what messages were sorted by', () => {
  const two = new Map([row(1, 20, 'a'), row(2, 10, 'b')].map((one) => [one.uid, one]));
  const bySize = [{ by: 'SIZE', reverse: false }] as const;

  it('is remembered', async () => {
    const { mailbox, uids } = mailboxOf(two);
    expect(await sortMessages(mailbox, uids(), bySize)).toEqual(Uint32Array.of(1, 0));
    expect(mailbox.memory.recall(mailbox, SortRanks, 'SIZE')?.ranks).toEqual(Float64Array.of(20, 10));
  });

  it('is not remembered when a repair came in between', async () => {
    const { mailbox, uids } = mailboxOf(two, (account) => {
      account.identity = {};
    });
    await sortMessages(mailbox, uids(), bySize);
    expect(mailbox.memory.recall(mailbox, SortRanks, 'SIZE')).toBeUndefined();
  });

  it('stays known when messages come, which are put in, and go', async () => {
    const rows = new Map<number, Row>();
    let uidNext = 1;
    const add = (subject: string): void => {
      rows.set(uidNext, row(uidNext, 1, subject));
      uidNext++;
    };
    for (let at = 0; at < 2000; at++) add(String(10_000 + ((at * 7919) % 1000)));
    const { mailbox, read, uids } = mailboxOf(rows);
    const bySubject = [{ by: 'SUBJECT', reverse: false }] as const;
    const sorted = async (): Promise<string[]> => {
      const there = uids();
      const places = await sortMessages(mailbox, there, bySubject);
      return Array.from(places, (place) => rows.get(there[place]!)!.envelope);
    };
    await sorted();
    read.count = 0;
    rows.delete(7);
    for (const subject of ['0', '105005', '10500', '999999', '10500']) add(subject);
    expect(await sorted()).toEqual([...rows.values()].map(({ envelope }) => envelope).sort());
    expect(read.count).toBeLessThan(60);
  });

  it('gives the same order as if nothing were remembered', async () => {
    const subject = fc.constantFrom('', 'a', 'b', 'ba', 'c', 'x', 'y', 'z');
    const step = fc.record({
      added: fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), subject), { maxLength: 4 }),
      removed: fc.array(fc.nat(800), { maxLength: 20 }),
      part: fc.option(fc.integer({ min: 1, max: 59 })),
      keys: fc.uniqueArray(
        fc.record({ by: fc.constantFrom('SIZE' as const, 'SUBJECT' as const), reverse: fc.boolean() }),
        { minLength: 1, maxLength: 2, selector: ({ by }) => by },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const rows = new Map<number, Row>();
        let uidNext = 1;
        const add = (sizeBytes: number, text: string): void => {
          rows.set(uidNext, row(uidNext, sizeBytes, text));
          uidNext++;
        };
        for (let at = 0; at < 700; at++) add(1 + ((at * 13) % 7), 'abcdx'[(at * 31) % 5]!);
        const { mailbox, uids } = mailboxOf(rows);
        for (const { added, removed, part, keys } of steps) {
          for (const uid of removed) rows.delete(uid);
          for (const [sizeBytes, text] of added) add(sizeBytes, text);
          const asked = uids().filter((uid) => part === null || uid % 61 > part);
          const order = [...asked].sort((one, other) => {
            for (const { by, reverse } of keys) {
              const field = by === 'SIZE' ? 'sizeBytes' : 'envelope';
              const [first, second] = [rows.get(one)![field], rows.get(other)![field]];
              if (first !== second) return first < second === reverse ? 1 : -1;
            }
            return one - other;
          });
          const places = await sortMessages(mailbox, asked, keys);
          expect(Array.from(places, (place) => asked[place])).toEqual(order);
        }
      }),
      { numRuns: 60 },
    );
  });
});
