import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Gate } from './write-gate.ts';

describe('Gate', () => {
  it('lets work inside of work pass while it is being closed', async () => {
    const gate = new Gate();
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    const outer = gate.pass(async () => {
      await mayGoOn;
      return await gate.pass(async () => 'inner');
    });
    const closing = gate.close();
    goOn();
    expect(await outer).toBe('inner');
    (await closing).open();
  });

  it('holds what was begun inside and goes on after it', async () => {
    const gate = new Gate();
    const { promise: woken, resolve: wake } = Promise.withResolvers<void>();
    const order: string[] = [];
    let later: Promise<void> | undefined;
    await gate.pass(async () => {
      later = woken.then(() => gate.pass(async () => void order.push('later')));
    });
    const closed = await gate.close();
    wake();
    await wait(10);
    order.push('opened');
    closed.open();
    await later;
    expect(order).toEqual(['opened', 'later']);
  });

  it('waits for what was begun inside and passed before it left', async () => {
    const gate = new Gate();
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
    let left = false;
    await gate.pass(async () => {
      void gate.pass(async () => {
        await mayEnd;
        left = true;
      });
    });
    const closing = gate.close().then(({ open }) => {
      open();
      return left;
    });
    await wait(10);
    end();
    expect(await closing).toBe(true);
  });
});
