import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.ts';
import { AlreadyDeliveredError, OverQuotaError } from './store-errors.ts';
import { deliver, inbox, message, openTestStore } from './store-fixture.ts';

const idOf = (number: number): Uint8Array => Buffer.from(String(number).padStart(32));

describe('a delivery with an id', () => {
  it('is made once, also after the account was opened anew', async () => {
    const { accounts, close, dataDirectory } = await openTestStore();
    {
      await using account = await accounts.open('me');
      await deliver(accounts, account, message('a'), { deliveryId: idOf(1) });
      await expect(deliver(accounts, account, message('a'), { deliveryId: idOf(1) })).rejects.toThrow(
        AlreadyDeliveredError,
      );
      await deliver(accounts, account, message('b'), { deliveryId: idOf(2) });
    }
    await close();
    const again = await openTestStore(dataDirectory);
    await using account = await again.accounts.open('me');
    await expect(deliver(again.accounts, account, message('b'), { deliveryId: idOf(2) })).rejects.toThrow(
      AlreadyDeliveredError,
    );
    expect((await inbox(account)).messages).toBe(2);
    expect(await readdir(join(dataDirectory, 'accounts/me/msg/0'))).toHaveLength(2);
  });

  it('that failed is not remembered', async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    await account.setQuota(10);
    const add = () => deliver(accounts, account, message('a'), { deliveryId: idOf(1) });
    await expect(add()).rejects.toThrow(OverQuotaError);
    await account.setQuota(undefined);
    expect((await add()).uid).toBe(1);
    await account.setQuota(10);
    await expect(add()).rejects.toThrow(AlreadyDeliveredError);
  });

  it('is forgotten after many others', { timeout: 60_000 }, async () => {
    const { accounts } = await openTestStore();
    await using account = await accounts.open('me');
    const add = async (from: number, to: number): Promise<void> => {
      await using intake = await accounts.startMessage();
      await intake.write(Buffer.from(message('a')));
      await using file = await intake.finish();
      const ids = Array.from({ length: to - from }, (_, at) => from + at);
      await account.messages.addAll(ids.map((id) => ({ mailbox: 'Inbox', file, deliveryId: idOf(id) })));
    };
    await add(0, limits.rememberedDeliveries);
    await expect(add(0, 1)).rejects.toThrow(AlreadyDeliveredError);
    await add(limits.rememberedDeliveries, limits.rememberedDeliveries + 1);
    await add(0, 1);
  });
});
