import { describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import type { AccountDatabase } from '../account-database.ts';
import { deliver, openTestStore } from '../store-fixture.ts';
import { RecentClaims } from './recent-claims.ts';

describe('RecentClaims', () => {
  it('gives each UID to one, and is known when the account is opened again', async () => {
    const store = await openTestStore();
    {
      await using account = await store.accounts.open('me');
      for (const subject of ['a', 'b', 'c']) await deliver(store.accounts, account, `Subject: ${subject}\n\n`);
      const inbox = (await account.read((reader) => reader.mailboxes.named('Inbox')))!;
      expect(inbox).toMatchObject({ uidNext: 4, recentUid: 1 });
      await using other = await store.accounts.open('me');
      expect(account.recent.first(inbox.id, inbox.recentUid)).toBe(1);
      expect(account.recent.claim(inbox.id, inbox.recentUid, 3)).toBe(1);
      expect(other.recent.first(inbox.id, inbox.recentUid)).toBe(3);
      expect(other.recent.claim(inbox.id, inbox.recentUid, 3)).toBeUndefined();
      expect(other.recent.claim(inbox.id, inbox.recentUid, 4)).toBe(3);
      expect(account.recent.claim(inbox.id, inbox.recentUid, 4)).toBeUndefined();
      const modseq = await account.read((reader) => reader.modseq());
      expect((await account.read((reader) => reader.mailboxes.byId(inbox.id)))?.recentUid).toBe(1);
      expect(modseq).toBe(inbox.modseq);
    }
    await store.close();
    const later = await openTestStore(store.dataDirectory);
    await using account = await later.accounts.open('me');
    const inbox = (await account.read((reader) => reader.mailboxes.named('Inbox')))!;
    expect(inbox.recentUid).toBe(4);
    expect(account.recent.claim(inbox.id, inbox.recentUid, 4)).toBeUndefined();
    await deliver(later.accounts, account, 'Subject: d\n\n');
    expect(account.recent.claim(inbox.id, inbox.recentUid, 5)).toBe(4);
  });

  it('writes what has gathered at once, after a while, and goes on when that fails', async () => {
    vi.useFakeTimers();
    try {
      const write = vi.fn<(name: string, args: unknown) => Promise<void>>().mockResolvedValue(undefined);
      const warn = vi.fn();
      const database = { write } as unknown as AccountDatabase;
      const claims = new RecentClaims({ database, log: { ...silentLog, warn } });
      claims.claim(1, 1, 5);
      claims.claim(1, 1, 7);
      claims.claim(2, 3, 4);
      expect(write).not.toHaveBeenCalled();
      await vi.runAllTimersAsync();
      const mailboxes = [
        { id: 1, recentUid: 7 },
        { id: 2, recentUid: 4 },
      ];
      expect(write.mock.calls).toEqual([['noteRecent', { mailboxes }]]);
      write.mockRejectedValueOnce(new Error('disk full'));
      claims.claim(2, 3, 9);
      await vi.runAllTimersAsync();
      expect(warn).toHaveBeenCalledOnce();
      expect(claims.first(2, 3)).toBe(9);
      claims.claim(1, 1, 8);
      await claims.close();
      expect(write).toHaveBeenCalledTimes(3);
      expect(write).toHaveBeenLastCalledWith('noteRecent', { mailboxes: [{ id: 1, recentUid: 8 }] });
    } finally {
      vi.useRealTimers();
    }
  });
});
