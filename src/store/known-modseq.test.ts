import { expect, test } from 'vitest';
import { deliver, message, openTestStore } from './store-fixture.ts';

test('the MODSEQ of an account is known from a read to the next write', async () => {
  const { accounts } = await openTestStore();
  await using account = await accounts.open('mjl');
  await using other = await accounts.open('mjl');
  const read = () => account.read((reader) => reader.modseq());

  const first = await read();
  expect(account.knownModseq).toBe(first);
  expect(other.knownModseq).toBe(first);

  const delivering = deliver(accounts, other, message('one'));
  await delivering;
  expect(account.knownModseq).toBeUndefined();
  const second = await read();
  expect(second).toBeGreaterThan(first);
  expect(other.knownModseq).toBe(second);

  const writing = account.mailboxes.create('Lists');
  expect(account.knownModseq).toBeUndefined();
  // One that may see the change or not.
  await read();
  expect(account.knownModseq).toBeUndefined();
  await writing;
  expect(account.knownModseq).toBeUndefined();
});

test('what is read as of before a write does not count as known after it', async () => {
  const { accounts } = await openTestStore();
  await using account = await accounts.open('mjl');
  const old = await account.read(async (reader) => {
    const before = await reader.modseq();
    await account.mailboxes.create('Lists');
    expect(await reader.modseq()).toBe(before);
    return before;
  });
  expect(account.knownModseq).toBeUndefined();
  expect(await account.read((reader) => reader.modseq())).toBeGreaterThan(old);
});
