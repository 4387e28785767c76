import { expect, it } from 'vitest';
import { flagBits } from '../flags.ts';
import { deliver, inbox, message, openTestStore } from '../store-fixture.ts';
import type { MessageChange } from './change-reader.ts';
import { SharedChanges } from './shared-changes.ts';

function change(uid: number, modseq: number): MessageChange {
  return { uid, modseq, flagBits: 0, keywords: [], expunged: false, createSeq: 1 };
}

it('who looks for the same changes while they are read gets what is read, or the part he looks for', async () => {
  const shared = new SharedChanges();
  let reads = 0;
  const all = [change(1, 11), change(2, 12), change(3, 13)];
  const read = async (): Promise<MessageChange[]> => {
    reads++;
    await new Promise((next) => setImmediate(next));
    return all;
  };
  const [first, same, part, later, other] = await Promise.all([
    shared.read(1, 10, 13, read),
    shared.read(1, 10, 13, read),
    shared.read(1, 12, 13, read),
    shared.read(2, 10, 13, async () => [change(9, 13)]),
    shared.read(1, 10, 14, async () => [...all, change(4, 14)]),
  ]);
  expect(reads).toBe(1);
  expect(first).toBe(all);
  expect(same).toBe(all);
  expect(part).toEqual([change(3, 13)]);
  expect(later).toEqual([change(9, 13)]);
  expect(other).toHaveLength(4);
});

it('who looks further back reads himself', async () => {
  const shared = new SharedChanges();
  await shared.read(1, 10, 13, async () => [change(3, 13)]);
  const before = await shared.read(1, 5, 13, async () => [change(2, 8), change(3, 13)]);
  expect(before).toEqual([change(2, 8), change(3, 13)]);
});

it('who waits for a read that fails reads himself', async () => {
  const shared = new SharedChanges();
  const failing = shared.read(1, 10, 13, async () => {
    await new Promise((next) => setImmediate(next));
    throw new Error('disk');
  });
  const waiting = shared.read(1, 10, 13, async () => [change(3, 13)]);
  await expect(failing).rejects.toThrow('disk');
  expect(await waiting).toEqual([change(3, 13)]);
});

it('flags are read as rows are, with gaps, keywords and expunged messages', async () => {
  const { accounts } = await openTestStore();
  await using account = await accounts.open('me');
  for (let number = 1; number <= 9; number++) {
    await deliver(accounts, account, message(`number ${number}`), { flags: { bits: number % 4, keywords: [] } });
  }
  const { id } = await inbox(account);
  await account.messages.storeFlags(id, [5], { mode: 'add', flags: { bits: flagBits['\\Deleted'], keywords: [] } });
  await account.messages.expunge(id, [5], 'deleted');
  const check = async (uids: number[]): Promise<void> => {
    const wanted = Uint32Array.from(uids);
    const [rows, withModseq, without] = await account.read(async (reader) => [
      await reader.messages.rows(id, wanted, undefined, undefined, { includeExpunged: true, columns: [] }),
      await reader.messages.flags(id, wanted, true),
      await reader.messages.flags(id, wanted, false),
    ]);
    expect(rows.map(({ uid }) => uid)).toEqual(uids.filter((uid) => uid <= 9));
    expect(withModseq).toEqual(rows);
    expect(without.map((row) => ({ ...row, modseq: 0 }))).toEqual(rows.map((row) => ({ ...row, modseq: 0 })));
  };
  for (const uids of [[], [3], [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 4, 6], [1, 9], [8, 9, 10, 11]]) await check(uids);
  await account.messages.storeFlags(id, [3], { mode: 'add', flags: { bits: 0, keywords: ['Work'] } });
  for (const uids of [[3], [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 4, 6], [1, 2]]) await check(uids);
});
