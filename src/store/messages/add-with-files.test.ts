import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MessageFileError } from '../store-errors.ts';
import { deliver, message, openTestStore } from '../store-fixture.ts';

it('stores messages that come alone, and those that come with others', async () => {
  const { accounts, dataDirectory, close } = await openTestStore();
  await using account = await accounts.open('me');
  await deliver(accounts, account, message('alone'));
  await Promise.all(['two', 'three', 'four'].map((subject) => deliver(accounts, account, message(subject))));
  await deliver(accounts, account, message('alone again'));
  expect((await readdir(join(dataDirectory, 'accounts/me/msg/0'))).sort()).toEqual(['1', '2', '3', '4', '5']);
  // Which compares all rows with the files.
  await close();
});

it('adds no message that comes alone and whose file cannot be written, and leaves nothing of it', async () => {
  const { accounts, dataDirectory, close } = await openTestStore();
  await using account = await accounts.open('me');
  const files = join(dataDirectory, 'accounts/me/msg/0');
  await deliver(accounts, account, message('first'));
  await writeFile(join(files, '2'), 'in the way');
  await expect(deliver(accounts, account, message('second'))).rejects.toThrow(MessageFileError);
  expect(await readdir(files)).toEqual(['1']);
  await deliver(accounts, account, message('third'));
  expect((await readdir(files)).sort()).toEqual(['1', '3']);
  await close();
});
