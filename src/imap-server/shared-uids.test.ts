import { describe, expect, it } from 'vitest';
import { deliver, message, openTestStore } from '../store/store-fixture.ts';
import type { Audience } from './audience.ts';
import { MailboxMemory } from './mailbox-memory.ts';
import { MailboxPlace } from './mailbox-place.ts';
import { openSelected } from './open-selected.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

describe('UIDs of a mailbox that several sessions have selected', () => {
  it('are in the same memory, also after messages have come and gone', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const memory = new MailboxMemory(1_000_000);
    for (const name of ['a', 'b', 'c']) await deliver(accounts, account, message(name));
    const open = async (): Promise<SelectedMailbox> => {
      const place = new MailboxPlace(await accounts.open('me'), 'Inbox');
      return (await openSelected(place, { readOnly: false, since: undefined, memory }))!.selected;
    };
    using one = await open();
    using other = await open();
    const tell = async (): Promise<void> => {
      for (const mailbox of [one, other]) await mailbox.tell(audience, true);
    };
    const expectSame = (uids: readonly number[]): void => {
      expect([...one.uids.slice()]).toEqual(uids);
      expect([...other.uids.slice()]).toEqual(uids);
      expect(one.uids.memory).toBe(other.uids.memory);
    };
    expectSame([1, 2, 3]);
    await deliver(accounts, account, message('d'));
    await tell();
    expectSame([1, 2, 3, 4]);
    await account.messages.expunge(one.id, [2], 'all');
    await deliver(accounts, account, message('e'));
    await tell();
    expectSame([1, 3, 4, 5]);
    await deliver(accounts, account, message('f'));
    await tell();
    expectSame([1, 3, 4, 5, 6]);
  });
});

const audience = {
  out: { write: () => {}, flush: async () => {}, full: false },
  condstore: false,
  qresync: false,
  uidOnly: false,
  server: { clock: { now: () => 0 } },
  notifications: undefined,
} as unknown as Audience;
