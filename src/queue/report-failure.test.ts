import { describe, expect, it } from 'vitest';
import { QueueFixture, until } from './queue-fixture.ts';
import type { ReportFailure } from './settle-attempt.ts';

describe('a report in the queue', () => {
  it('that fails is told of to whoever made it, and to no sender', async () => {
    await using fixture = await QueueFixture.create();
    const failures: ReportFailure[] = [];
    const seen: string[] = [];
    const queue = await fixture.start({
      onReportFailed: (failure) => failures.push(failure),
      deliverLocally: async ({ recipients }) =>
        recipients.map(({ address }) => {
          seen.push(address);
          if (address.startsWith('no')) return { code: 550, enhanced: '5.1.1', text: 'No such user' };
          if (address.startsWith('later')) return { code: 450, enhanced: '4.2.1', text: 'Later' };
          return { code: 250, enhanced: '2.1.5', text: 'Delivered' };
        }),
    });
    const recipients = ['yes@here.example', 'no@here.example', 'later@here.example'];
    await queue.submit(await fixture.message(recipients, { report: 'dmarc' }));
    await until(() => failures.length === 1);
    expect(failures).toEqual([
      { kind: 'dmarc', recipient: 'no@here.example', reply: { code: 550, enhanced: '5.1.1', text: 'No such user' } },
    ]);
    await until(async () => (await queue.list({})).length === 1);
    await queue.fail({ all: true });
    expect(failures[1]).toMatchObject({ recipient: 'later@here.example', reply: { code: 554 } });
    expect(await queue.list({})).toEqual([]);
    expect(seen.toSorted()).toEqual(recipients.toSorted());

    await queue.submit(await fixture.message(['no@here.example']));
    await until(() => seen.includes('me@here.example'), 'the DSN for other mail');
    expect(failures).toHaveLength(2);
  });
});
