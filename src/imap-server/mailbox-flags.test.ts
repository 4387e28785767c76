import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../tests/harness/seeded-random.ts';
import { deliver, message, openTestStore } from '../store/store-fixture.ts';
import { MailboxFlags } from './mailbox-flags.ts';
import { MailboxMemory } from './mailbox-memory.ts';
import { UidList } from './uid-list.ts';

const seed = Number(process.env.RESTANTE_SEED ?? Date.now() % 1_000_000);

describe(`the flags of a mailbox that are remembered (RESTANTE_SEED=${seed})`, () => {
  it('are those of its messages after whatever happened', async () => {
    const random = new SeededRandom(seed);
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const { id } = await account.mailboxes.create('Many');
    const { id: other } = await account.mailboxes.create('Other');
    const memory = new MailboxMemory(1_000_000);
    const look = (): Promise<MailboxFlags> =>
      account.read(async (reader) => {
        const mailbox = (await reader.mailboxes.byId(id))!;
        const flags = await MailboxFlags.read(memory, account, mailbox, reader);
        const { uids, flagBits } = await reader.uids.withFlagBits(id);
        expect(flags.uids.slice()).toEqual(uids);
        for (const bits of [1, 2, 8, 9]) {
          const wanted = uids.filter((_, index) => (flagBits[index]! & bits) === bits);
          expect(flags.matching(uids, (own) => (own & bits) === bits)).toEqual(wanted);
          expect(flags.firstUnseen).toBe(flagBits.findIndex((own) => (own & 1) === 0));
        }
        return flags;
      });
    const some = async (): Promise<Uint32Array> => {
      const all = await account.read((reader) => reader.uids.all(id));
      return all.filter(() => random.below(3) === 0);
    };
    for (let step = 0; step < 60; step++) {
      const changes = 1 + random.below(3);
      for (let change = 0; change < changes; change++) {
        const kind = random.below(5);
        if (kind === 0) await deliver(accounts, account, message(`m${step}`), { mailbox: id });
        else if (kind === 1) await account.messages.copy(id, await some(), id);
        else if (kind === 2) {
          const mode = random.below(2) === 0 ? 'add' : 'remove';
          await account.messages.storeFlags(id, await some(), {
            mode,
            flags: { bits: random.below(16), keywords: [] },
          });
        } else if (kind === 3) await account.messages.expunge(id, (await some()).slice(0, 3), 'all');
        else await account.messages.move(id, (await some()).slice(0, 3), other);
      }
      const before = await look();
      const uids = before.uids.slice().slice();
      // Two at a time, and one that nothing has changed for.
      const [one, two] = await Promise.all([look(), look()]);
      expect(one).toBe(before);
      expect(two).toBe(before);
      expect(before.uids.slice()).toEqual(uids);
      if (uids.length > 5_000) await account.messages.expunge(id, uids.subarray(100), 'all');
    }
  });

  it('of one time stay what they were', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const { id } = await account.mailboxes.create('Many');
    for (const name of ['a', 'b', 'c']) await deliver(accounts, account, message(name), { mailbox: id });
    const memory = new MailboxMemory(1_000_000);
    const look = () =>
      account.read(async (reader) => MailboxFlags.read(memory, account, (await reader.mailboxes.byId(id))!, reader));
    const before = await look();
    await account.messages.storeFlags(id, [2], { mode: 'add', flags: { bits: 1, keywords: [] } });
    await account.messages.expunge(id, [1], 'all');
    await deliver(accounts, account, message('d'), { mailbox: id });
    const after = await look();
    const all = Uint32Array.of(1, 2, 3, 4);
    expect(before.matching(all, () => true)).toEqual(Uint32Array.of(1, 2, 3));
    expect(before.matching(all, (bits) => (bits & 1) === 1)).toEqual(new Uint32Array(0));
    expect(after.matching(all, () => true)).toEqual(Uint32Array.of(2, 3, 4));
    expect(after.matching(all, (bits) => (bits & 1) === 1)).toEqual(Uint32Array.of(2));
    expect(after.firstUnseen).toBe(1);
  });

  // A search may have a thousand keys, and nobody has a turn meanwhile.
  it('are tested once for each set of them, however many messages there are', () => {
    const uids = Uint32Array.from({ length: 1000 }, (_, index) => index + 1);
    const flags = new MailboxFlags(
      1,
      new UidList(uids),
      Uint16Array.from(uids, (uid) => uid % 4),
    );
    const tested: number[] = [];
    const found = flags.matching(uids, (bits) => {
      tested.push(bits);
      return (bits & 2) !== 0;
    });
    expect(found).toEqual(uids.filter((uid) => (uid & 2) !== 0));
    expect(tested).toEqual([1, 2, 3, 0]);
  });
});
