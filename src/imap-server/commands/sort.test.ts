import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

const messages = [
  'From: Zed <ann@example.org>\nTo: c@example.org\nSubject: Re: beta\nDate: Tue, 3 Nov 2026 01:00:00 +0200\n\nlong enough',
  'From: bob@example.org\nTo: Dan <d@example.org>\nCc: x@example.org\nSubject: Alpha\nDate: Mon, 2 Nov 2026 23:30:00 +0000\n\n',
  'From: =?utf-8?q?=C3=84nne?= <cee@example.org>\nTo: "A" <z@example.org>\nSubject: [list] BETA (fwd)\nDate: not at all\n\nx',
  'To: friends: a@example.org;\nCc: b@example.org\n\nxyz',
];

/** @param sign 1 for the largest first */
function bySize(sign: 1 | -1): string {
  const sizes = messages.map((message) => message.replaceAll('\n', '\r\n').length);
  expect(new Set(sizes).size).toBe(sizes.length);
  return [1, 2, 3, 4].sort((one, other) => sign * (sizes[other - 1]! - sizes[one - 1]!)).join(' ');
}

let server: ImapFixture;
let client: ImapTestClient;
beforeAll(async () => {
  server = await startImapFixture();
  client = await server.login();
  const dates = ['04-Nov-2026', '03-Nov-2026', '02-Nov-2026', '02-Nov-2026'];
  for (const [index, message] of messages.entries()) {
    await client.append('INBOX', message, `(${index === 1 ? '\\Seen' : ''}) "${dates[index]} 00:00:00 +0000" `);
  }
  await client.ok('SELECT INBOX');
});
afterAll(() => server[Symbol.asyncDispose]());

describe('SORT', () => {
  it.each([
    ['(ARRIVAL)', '3 4 2 1'],
    ['(REVERSE ARRIVAL)', '1 2 3 4'],
    // By the instant, whatever the zone; without a date that can be read, by that of arrival.
    ['(DATE)', '3 4 1 2'],
    // Without mark of reply, list and forward, and without regard to case; then as they came.
    ['(SUBJECT)', '4 2 1 3'],
    ['(SUBJECT REVERSE ARRIVAL)', '4 2 1 3'],
    ['(REVERSE SUBJECT)', '1 3 2 4'],
    ['(REVERSE SUBJECT ARRIVAL)', '3 1 2 4'],
    ['(FROM)', '4 1 2 3'],
    ['(CC)', '1 3 4 2'],
    ['(TO)', '1 2 4 3'],
    // A letter with an accent stands by the letter: RFC 5051.
    ['(DISPLAYFROM)', '4 3 2 1'],
    ['(DISPLAYTO)', '3 1 2 4'],
    ['(reverse size)', bySize(1)],
    ['(Size)', bySize(-1)],
  ])('%s', async (keys, expected) => {
    expect(await client.ok(`SORT ${keys} UTF-8 ALL`)).toEqual([`* SORT ${expected}`]);
  });

  it('takes what SEARCH finds, and tells UIDs to who asks for them', async () => {
    const other = await server.login('uids');
    for (const subject of ['c', 'b', 'a', 'd']) await other.append('INBOX', `Subject: ${subject}\n\n`);
    await other.ok('SELECT INBOX');
    await other.ok('STORE 2 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    await other.play(`
      C: a UID SORT (SUBJECT) US-ASCII ALL
      S: * SORT 3 1 4
      S: a OK Done
      C: b SORT (SUBJECT) UTF-8 NOT SUBJECT d
      S: * SORT 2 1
      S: b OK Done
      C: c SORT (SUBJECT) UTF-8 SEEN
      S: * SORT
      S: c OK Done
      C: d SORT RETURN (MIN MAX COUNT ALL) (REVERSE SUBJECT) UTF-8 ALL
      S: * ESEARCH (TAG "d") MIN 3 MAX 2 ALL 3,1:2 COUNT 3
      S: d OK Done
      C: e UID SORT RETURN (SAVE) (SUBJECT) UTF-8 SMALLER 1000 1:2
      S: e OK Done
      C: f UID FETCH $ UID
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 3)
      S: f OK Done
      C: g SORT RETURN (SAVE MAX) (SUBJECT) UTF-8 ALL
      S: * ESEARCH (TAG "g") MAX 3
      S: g OK Done
      C: h FETCH $ UID
      S: * 3 FETCH (UID 4)
      S: h OK Done
    `);
  });

  it('goes by the same when parts were sorted before, and messages came and went between', async () => {
    const other = await server.login('parts');
    const append = (length: number): Promise<unknown> => other.append('INBOX', `Subject: x\n\n${'x'.repeat(length)}`);
    for (const length of [50, 20, 40, 10, 30]) await append(length);
    await other.ok('SELECT INBOX');
    expect(await other.ok('UID SORT (SIZE) UTF-8 4:5')).toEqual(['* SORT 4 5']);
    expect(await other.ok('UID SORT (SIZE) UTF-8 1:2')).toEqual(['* SORT 2 1']);
    await other.ok('STORE 2 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    await append(25);
    await other.ok('NOOP');
    expect(await other.ok('UID SORT (REVERSE SIZE) UTF-8 UID 3,6')).toEqual(['* SORT 3 6']);
    for (let time = 0; time < 2; time++) {
      expect(await other.ok('UID SORT (SIZE) UTF-8 ALL')).toEqual(['* SORT 4 6 5 3 1']);
    }
    expect(await other.ok('UID SORT (REVERSE SIZE) UTF-8 UID 1,4:6')).toEqual(['* SORT 1 5 6 4']);
  });

  it('answers in parts', async () => {
    await client.play(`
      C: a UID SORT RETURN (PARTIAL 2:3) (ARRIVAL) UTF-8 ALL
      S: * ESEARCH (TAG "a") UID PARTIAL (2:3 4,2)
      S: a OK Done
      C: b SORT RETURN (PARTIAL -1:-2 COUNT) (ARRIVAL) UTF-8 ALL
      S: * ESEARCH (TAG "b") PARTIAL (-1:-2 2,1) COUNT 4
      S: b OK Done
    `);
  });

  it('tells MODSEQ when it is asked for', async () => {
    const other = await server.login();
    await other.ok('SELECT INBOX (CONDSTORE)');
    const [line] = await other.ok('SORT (ARRIVAL) UTF-8 MODSEQ 1');
    expect(line).toMatch(/^\* SORT 3 4 2 1 \(MODSEQ \d+\)$/);
    expect(await other.ok('SORT (SIZE) UTF-8 MODSEQ 99999999')).toEqual(['* SORT']);
  });

  it('refuses what it does not know', async () => {
    await client.play(`
      C: a SORT (SIZE) KOI8-R ALL
      S: a NO [BADCHARSET (UTF-8 US-ASCII)] …
      C: b SORT (COLOUR) UTF-8 ALL
      S: b BAD …
      C: c SORT (REVERSE) UTF-8 ALL
      S: c BAD …
      C: d SORT () UTF-8 ALL
      S: d BAD …
      C: e SORT (SIZE) UTF-8
      S: e BAD …
      C: f SORT (SIZE) ALL
      S: f NO [BADCHARSET …] …
      C: g SORT (${'SIZE '.repeat(40).trim()}) UTF-8 ALL
      S: g BAD …
    `);
  });

  it('sorts more than fits into one run', async () => {
    await using account = await server.accounts.open('many');
    const count = 2500;
    const sizes: number[] = [];
    for (let at = 0; at < count; at += 500) {
      const files = await Promise.all(
        Array.from({ length: 500 }, async (_, index) => {
          const size = ((at + index) * 7919) % count;
          sizes.push(size);
          const intake = await server.accounts.startMessage();
          await intake.write(Buffer.from(`\r\n${'x'.repeat(size)}`));
          return await intake.finish();
        }),
      );
      await account.messages.addAll(files.map((file) => ({ mailbox: 'Inbox', file })));
      for (const file of files) await file[Symbol.asyncDispose]();
    }
    const many = await server.login('many');
    await many.ok('SELECT INBOX');
    const [line = ''] = await many.ok('SORT (SIZE) UTF-8 ALL');
    const [reversed = ''] = await many.ok('SORT (REVERSE SIZE) UTF-8 ALL');
    const order = line.split(' ').slice(2).map(Number);
    expect(order.map((number) => sizes[number - 1])).toEqual(Array.from({ length: count }, (_, size) => size));
    expect(reversed.split(' ').slice(2).map(Number)).toEqual(order.toReversed());
    // What is remembered of the mailbox goes on to be right when messages come and go, and serves parts of it.
    const numbers = async (command: string): Promise<number[]> => {
      const [answer = ''] = await many.ok(command);
      return answer.split(' ').slice(2).map(Number);
    };
    expect(await numbers('SORT (SIZE) UTF-8 100:140')).toEqual(
      order.filter((number) => number >= 100 && number <= 140),
    );
    expect(await numbers('SORT (SUBJECT REVERSE SIZE) UTF-8 ALL')).toEqual(order.toReversed());
    expect(await numbers('SORT (SUBJECT SIZE) UTF-8 ALL')).toEqual(order);
    await many.append('INBOX', '\n');
    await many.ok(`STORE ${order[1]} +FLAGS.SILENT (\\Deleted)`);
    await many.ok('EXPUNGE');
    const left = order.filter((_, place) => place !== 1).map((number) => (number > order[1]! ? number - 1 : number));
    const first = left.shift()!;
    expect(await numbers('SORT (SIZE) UTF-8 ALL')).toEqual([first, count, ...left]);
    expect(await numbers('SORT (SIZE) UTF-8 ALL')).toEqual([first, count, ...left]);
  });
});
