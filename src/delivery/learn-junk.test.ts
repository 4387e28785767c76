import { describe, expect, it, onTestFinished } from 'vitest';
import { JunkFilters } from '../junk/junk-filters.ts';
import { silentLog } from '../runtime/log.ts';
import { Metrics } from '../runtime/metrics.ts';
import type { Account } from '../store/account.ts';
import { flagBits } from '../store/flags.ts';
import type { Mailbox } from '../store/mailboxes/mailbox.ts';
import { deliver, message, openTestStore, type TestStore } from '../store/store-fixture.ts';
import { JunkLearner, judge } from './learn-junk.ts';

function startLearner(store: TestStore, isOn = false): { filters: JunkFilters; learner: JunkLearner } {
  const filters = new JunkFilters({ engine: store.engine, dataDirectory: store.dataDirectory, log: silentLog });
  const learner = new JunkLearner({
    accounts: store.accounts,
    filters,
    isOn: () => isOn,
    log: silentLog,
    metrics: new Metrics(),
    delayMs: 1,
  });
  onTestFinished(async () => {
    await learner[Symbol.asyncDispose]();
    await filters[Symbol.asyncDispose]();
  });
  return { filters, learner };
}

const reception = { remoteAddress: '192.0.2.1' };

async function idOf(account: Account, name: string): Promise<number> {
  return (await account.read((reader) => reader.mailboxes.named(name)))!.id;
}

describe('judge', () => {
  const mailboxes = [
    { id: 1, name: 'Inbox', specialUse: [] },
    { id: 2, name: 'Junk', specialUse: ['\\Junk'] },
    { id: 3, name: 'Trash', specialUse: ['\\Trash'] },
    { id: 4, name: 'Friends', specialUse: [] },
    { id: 5, name: 'Rejects', specialUse: [] },
  ] as unknown as Mailbox[];
  const [inbox, junk, trash, friends, rejects] = [1, 2, 3, 4, 5];
  it.each([
    ['received, and left where it came', inbox, inbox, 0, undefined, undefined],
    ['put into the junk', inbox, junk, 0, undefined, true],
    ['delivered to the junk', junk, junk, 0, undefined, undefined],
    ['taken out of the junk it was delivered to', junk, inbox, 0, undefined, false],
    ['taken out of the junk it was put into', inbox, inbox, 0, true, false],
    ['deleted out of the junk', inbox, trash, 0, true, undefined],
    ['filed', inbox, friends, 0, undefined, false],
    ['delivered to a mailbox of its own', friends, friends, 0, undefined, undefined],
    ['refused, and lies where that is kept', rejects, rejects, flagBits['\\Flagged'], undefined, undefined],
    ['taken out of what was refused', rejects, inbox, 0, undefined, false],
    ['put to what was refused', inbox, rejects, 0, undefined, undefined],
    ['answered', inbox, inbox, flagBits['\\Answered'], undefined, false],
    ['called junk by a keyword', inbox, inbox, flagBits.$Junk, undefined, true],
    ['called no junk by a keyword, in the junk', inbox, junk, flagBits.$NotJunk, true, false],
    ['called both', inbox, inbox, flagBits.$Junk | flagBits.$NotJunk, undefined, undefined],
  ])('a message that is %s', (_, originalMailboxId, mailboxId, bits, before, expected) => {
    const isReject = originalMailboxId === rejects;
    const content = {
      originalMailboxId,
      isReceived: true,
      isReject,
      places: [{ mailboxId, modseq: 1, flagBits: bits }],
    };
    expect(judge(content, mailboxes, before, { rejects: 'Rejects' })).toBe(expected);
  });

  it('goes by the last change, and by where a person has put a message that nobody sent', () => {
    const places = [
      { mailboxId: friends, modseq: 5, flagBits: 0 },
      { mailboxId: junk, modseq: 9, flagBits: 0 },
    ];
    expect(judge({ originalMailboxId: inbox, isReceived: true, isReject: false, places }, mailboxes, undefined)).toBe(
      true,
    );
    const imported = { originalMailboxId: junk, isReceived: false, isReject: false, places: [places[1]!] };
    expect(judge(imported, mailboxes, undefined)).toBe(true);
    expect(judge({ ...imported, places: [] }, mailboxes, true)).toBeUndefined();
  });
});

describe('a learner', () => {
  it('learns each message once, relearns what moves back, and goes on where it was after a restart', async () => {
    const store = await openTestStore();
    const { filters, learner } = startLearner(store);
    const account = await store.accounts.open('me');
    const [inbox, junk, archive] = [
      await idOf(account, 'Inbox'),
      await idOf(account, 'Junk'),
      await idOf(account, 'Archive'),
    ];
    expect(await learner.learn('me')).toEqual({ ham: 0, junk: 0 });
    expect(await filters.state('me')).toBeUndefined();
    for (let number = 0; number < 120; number++)
      await deliver(store.accounts, account, message(`m${number}`), { reception });
    await account.messages.move(
      inbox,
      Array.from({ length: 70 }, (_, at) => at + 1),
      junk,
    );
    await account.messages.move(
      inbox,
      Array.from({ length: 30 }, (_, at) => at + 71),
      archive,
    );
    expect(await learner.learn('me')).toEqual({ ham: 30, junk: 70 });
    expect(await learner.learn('me')).toEqual({ ham: 30, junk: 70 });
    const { probability } = await filters.score('me', new Set(['subject:m3']));
    expect(probability).toBeGreaterThan(0.5);
    await account.messages.move(junk, [4], inbox);
    expect(await learner.learn('me')).toEqual({ ham: 31, junk: 69 });
    expect((await filters.score('me', new Set(['subject:m3']))).probability).toBeLessThan(0.5);
    await account.messages.expunge(junk, 'all', 'all');
    expect(await learner.learn('me')).toEqual({ ham: 31, junk: 69 });
    const again = startLearner(store);
    expect(await again.learner.learn('me')).toEqual({ ham: 31, junk: 69 });
    // What is gone can't be learned anew.
    expect(await again.learner.learn('me', { anew: true })).toEqual({ ham: 30, junk: 0 });
    await account[Symbol.asyncDispose]();
  });

  it('learns by itself from accounts whose filter is on', async () => {
    const store = await openTestStore();
    const { filters } = startLearner(store, true);
    await using account = await store.accounts.open('me');
    await deliver(store.accounts, account, message('one'), { reception });
    await account.messages.move(await idOf(account, 'Inbox'), 'all', await idOf(account, 'Junk'));
    await expect.poll(async () => (await filters.state('me'))?.learned).toEqual({ ham: 0, junk: 1 });
  });
});
