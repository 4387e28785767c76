import { describe, expect, it } from 'vitest';
import { QueueFixture } from './queue-fixture.ts';

const hourMs = 60 * 60 * 1000;
const stopped = { maxDeliveries: 0 };

describe('limits of what an account may send', () => {
  it('hold for messages of 24 hours, a recipient each, over restarts', async () => {
    await using fixture = await QueueFixture.create();
    const limits = { messagesPerDay: 3 };
    const queue = await fixture.start(stopped);
    await queue.submit(await fixture.message(['a@x.example', 'b@x.example'], { limits }));
    await expect(queue.submit(await fixture.message(['a@x.example', 'b@x.example'], { limits }))).rejects.toMatchObject(
      { code: 'sending-limit-messages', hint: expect.stringContaining('maxOutgoing') },
    );
    await queue[Symbol.asyncDispose]();
    const again = await fixture.start(stopped);
    await again.submit(await fixture.message(['a@x.example'], { limits }));
    await expect(again.submit(await fixture.message(['a@x.example'], { limits }))).rejects.toThrow(
      'Cannot send the message of account "me": it may send 3 messages in 24 hours',
    );
    await again.submit(await fixture.message(['a@x.example'], { limits, account: 'you' }));
    await again.submit(await fixture.message(['a@x.example'], { limits, account: undefined }));
    expect(await again.list({})).toHaveLength(5);
    fixture.clock.at += 24 * hourMs;
    await again.submit(await fixture.message(['a@x.example', 'b@x.example', 'c@x.example'], { limits }));
    expect(await again.list({})).toHaveLength(8);
  });

  it('hold for recipients that are new; a message that is refused makes nobody known', async () => {
    await using fixture = await QueueFixture.create();
    const queue = await fixture.start(stopped);
    const send = async (recipients: string[], limits = { newRecipientsPerDay: 2 }) =>
      queue.submit(await fixture.message(recipients, { limits }));
    await queue.submit(await fixture.message(['old@x.example', 'older@x.example']));
    fixture.clock.at += 25 * hourMs;
    await send(['OLD@x.example', 'older@x.example', 'one@x.example']);
    await expect(send(['two@x.example', 'three@x.example'])).rejects.toMatchObject({
      code: 'sending-limit-recipients',
    });
    await send(['two@x.example', 'one@x.example']);
    await expect(send(['three@x.example'])).rejects.toMatchObject({ code: 'sending-limit-recipients' });
    fixture.clock.at += 24 * hourMs;
    await send(['three@x.example']);
  });
});
