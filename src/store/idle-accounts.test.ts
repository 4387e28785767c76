import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { messageFilePath } from './message-files.ts';
import { deliver, inbox, message, openTestStore } from './store-fixture.ts';

it('a message is stored though an idle account cannot be closed in order', async () => {
  const { accounts, dataDirectory } = await openTestStore(undefined, { idleAccounts: 1 });
  {
    await using damaged = await accounts.open('damaged');
    const { contentId } = await deliver(accounts, damaged, message('a'));
    await unlink(join(dataDirectory, 'accounts', 'damaged', messageFilePath(contentId)));
  }
  const stored = async (): Promise<void> => {
    await using account = await accounts.open('me');
    await deliver(accounts, account, message('b'));
  };
  await expect(stored()).resolves.toBeUndefined();
  await using account = await accounts.open('me');
  expect((await inbox(account)).messages).toBe(1);
});
