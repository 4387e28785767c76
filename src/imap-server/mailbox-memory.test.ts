import { describe, expect, it } from 'vitest';
import { type MailboxIdentity, MailboxMemory, type Remembered } from './mailbox-memory.ts';

class Letters implements Remembered {
  readonly sizeBytes: number;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }
}

class Stamps extends Letters {}

describe('what is remembered of mailboxes', () => {
  it('is told apart by account, mailbox, UIDVALIDITY, kind and name', () => {
    const memory = new MailboxMemory(1000);
    const account = { identity: {} };
    const mailboxes: MailboxIdentity[] = [
      { account, id: 1, uidValidity: 1 },
      { account, id: 2, uidValidity: 1 },
      { account, id: 1, uidValidity: 2 },
      { account: { identity: {} }, id: 1, uidValidity: 1 },
    ];
    const put = mailboxes.map((mailbox) => {
      const letters = [new Letters(1), new Letters(2), new Stamps(3)] as const;
      memory.remember(mailbox, Letters, letters[0]);
      memory.remember(mailbox, Letters, letters[1], 'other');
      memory.remember(mailbox, Stamps, letters[2]);
      return letters;
    });
    for (const [at, mailbox] of mailboxes.entries()) {
      expect(memory.recall(mailbox, Letters)).toBe(put[at]![0]);
      expect(memory.recall(mailbox, Letters, 'other')).toBe(put[at]![1]);
      expect(memory.recall(mailbox, Stamps)).toBe(put[at]![2]);
    }
    expect(memory.sizeBytes).toBe(24);
  });

  it('makes room for what is new where it was used least recently', () => {
    const memory = new MailboxMemory(100);
    const account = { identity: {} };
    const mailbox = (id: number): MailboxIdentity => ({ account, id, uidValidity: 1 });
    for (const id of [1, 2, 3]) memory.remember(mailbox(id), Letters, new Letters(30));
    expect(memory.recall(mailbox(1), Letters)).toBeDefined();
    memory.remember(mailbox(4), Letters, new Letters(30));
    expect([1, 2, 3, 4].map((id) => memory.recall(mailbox(id), Letters) !== undefined)).toEqual([
      ...[true, false],
      ...[true, true],
    ]);
    memory.remember(mailbox(4), Letters, new Letters(31));
    expect(memory.sizeBytes).toBe(91);
    // More than half of all: then nothing is known of it, and all else stays.
    memory.remember(mailbox(4), Letters, new Letters(51));
    expect(memory.recall(mailbox(4), Letters)).toBeUndefined();
    expect(memory.sizeBytes).toBe(60);
  });

  it('is of some thousand mailboxes at most, as those that are empty have no bytes', () => {
    const memory = new MailboxMemory(100);
    const account = { identity: {} };
    const mailbox = (id: number): MailboxIdentity => ({ account, id, uidValidity: 1 });
    for (let id = 1; id <= 20_001; id++) memory.remember(mailbox(id), Letters, new Letters(0));
    expect(memory.recall(mailbox(1), Letters)).toBeUndefined();
    expect(memory.recall(mailbox(2), Letters)).toBeDefined();
    expect(memory.recall(mailbox(20_001), Letters)).toBeDefined();
  });
});
