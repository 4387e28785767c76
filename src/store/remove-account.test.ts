import { describe, expect, it } from 'vitest';
import { AccountBusyError, AccountNotFoundError } from './store-errors.ts';
import { deliver, inbox, message, openTestStore } from './store-fixture.ts';

describe('removing an account', () => {
  it('does not wait for a delivery that waits for it, when a snapshot begins meanwhile', async () => {
    const { accounts, engine } = await openTestStore();
    await (await accounts.open('me'))[Symbol.asyncDispose]();
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    const delivery = engine.changeFiles(async () => {
      await mayGoOn;
      await using account = await accounts.open('me');
      await deliver(accounts, account, message('a'));
    });
    const snapshot = engine.snapshot();
    const removal = accounts.remove('me').catch((error: unknown) => error);
    goOn();
    await delivery;
    await (await snapshot)[Symbol.asyncDispose]();
    expect([undefined, AccountBusyError]).toContain(((await removal) as Error | undefined)?.constructor);
  });

  it('never takes it from somebody who opens it at the same moment', async () => {
    const { accounts } = await openTestStore();
    for (let round = 0; round < 8; round++) {
      await (await accounts.open('me'))[Symbol.asyncDispose]();
      const removal = accounts.remove('me').catch((error: unknown) => error);
      for (let ticks = 0; ticks < round; ticks++) await undefined;
      // Removed, and made anew by whoever opens it, or in use.
      const opened = await Promise.all([accounts.open('me'), accounts.open('me')]);
      expect(opened[0].identity).toBe(opened[1].identity);
      await deliver(accounts, opened[0], message('a'));
      expect([undefined, AccountBusyError]).toContain(((await removal) as Error | undefined)?.constructor);
      expect((await inbox(opened[1])).messages).toBeGreaterThan(0);
      for (const account of opened) await account[Symbol.asyncDispose]();
      await expect(accounts.remove('nobody')).rejects.toThrow(AccountNotFoundError);
    }
  });
});
