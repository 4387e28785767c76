import { describe, expect, it } from 'vitest';
import { MailboxMemory } from './mailbox-memory.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { sortMessages } from './sort-messages.ts';
import { recallRanks } from './sort-ranks.ts';
import { UidList } from './uid-list.ts';

/** A mailbox of two messages. @param whileRead happens to its account while these are read */
function mailboxOfTwo(whileRead: (account: { identity: object }) => void): SelectedMailbox {
  const account = {
    identity: {},
    async read() {
      whileRead(account);
      return [
        { uid: 1, sizeBytes: 20 },
        { uid: 2, sizeBytes: 10 },
      ];
    },
  };
  const memory = new MailboxMemory(1_000_000);
  const mailbox = { account, memory, id: 1, uidValidity: 1, uids: new UidList(Uint32Array.of(1, 2)) };
  return mailbox as unknown as SelectedMailbox;
}

describe('what messages were sorted by', () => {
  const uids = Uint32Array.of(1, 2);
  const keys = [{ by: 'SIZE', reverse: false }] as const;

  it('is remembered', async () => {
    const mailbox = mailboxOfTwo(() => {});
    expect(await sortMessages(mailbox, uids, keys)).toEqual(Uint32Array.of(1, 0));
    expect(recallRanks(mailbox, 'SIZE', uids)).toEqual(Float64Array.of(20, 10));
  });

  it('is not remembered when a repair came in between', async () => {
    const mailbox = mailboxOfTwo((account) => {
      account.identity = {};
    });
    await sortMessages(mailbox, uids, keys);
    expect(recallRanks(mailbox, 'SIZE', uids)).toBeUndefined();
  });
});
