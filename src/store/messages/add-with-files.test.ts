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
  // So many that no company is expected any more.
  for (let i = 1; i <= 20; i++) await deliver(accounts, account, message(`before ${i}`));
  await writeFile(join(files, '21'), 'in the way');
  await expect(deliver(accounts, account, message('refused'))).rejects.toThrow(MessageFileError);
  expect(await readdir(files)).not.toContain('21');
  await deliver(accounts, account, message('after'));
  expect(await readdir(files)).toHaveLength(21);
  await close();
});
