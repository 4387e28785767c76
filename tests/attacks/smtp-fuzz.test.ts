import { expect, it } from 'vitest';
import { SeededRandom as Random, type SeededRandom } from '../harness/seeded-random.ts';
import { AttackedServer } from './attacked-server.ts';
import { fuzzSettings } from './fuzz-settings.ts';
import { inParallel } from './in-parallel.ts';
import { mutate } from './mutate.ts';
import { RawConnection } from './raw-connection.ts';

const sessionsPerRound = 40;
const sessionsAtOnce = 40;
const reply = /^\d{3} .*\r\n/m;

/** Where a session stands when the bad input comes, and what a client says to get there. */
const states = {
  beforeGreeting: [],
  greeting: [''],
  helo: ['', 'HELO fuzz'],
  ehlo: ['', 'EHLO fuzz.example'],
  auth: ['', 'EHLO fuzz.example', 'AUTH PLAIN'],
  authSecond: ['', 'EHLO fuzz.example', 'AUTH LOGIN', 'bWU='],
  loggedIn: ['', 'EHLO fuzz.example', `AUTH PLAIN ${btoa('\0me\0secret')}`],
  mail: ['', 'EHLO fuzz.example', 'MAIL FROM:<fuzz@example.net>'],
  rcpt: ['', 'EHLO fuzz.example', 'MAIL FROM:<fuzz@example.net>', 'RCPT TO:<me@example.org>'],
  data: ['', 'EHLO fuzz.example', 'MAIL FROM:<fuzz@example.net>', 'RCPT TO:<me@example.org>', 'DATA'],
  bdat: ['', 'EHLO fuzz.example', 'MAIL FROM:<fuzz@example.net>', 'RCPT TO:<me@example.org>', 'BDAT 5\r\nhello'],
  binary: [
    '',
    'EHLO fuzz.example',
    'MAIL FROM:<> BODY=BINARYMIME',
    'RCPT TO:<me@example.org>',
    'BDAT 5\r\n\0\xff\r\n\n',
  ],
} satisfies Record<string, readonly string[]>;

/** Commands that a server answers by one reply each, whatever it thinks of them. */
const commands = [
  'NOOP',
  'NOOP \xc3\xbc',
  'HELP me',
  'RSET',
  'VRFY postmaster',
  'EXPN staff',
  'EHLO [127.0.0.1]',
  'EHLO [IPv6:::1]',
  'HELO b\xc3\xbccher.example',
  'MAIL FROM:<fuzz@example.net> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb',
  'MAIL FROM:<"a b\\"c"@[192.0.2.1]>',
  'MAIL FROM:<@a.example,@b.example:c@d.example>',
  'MAIL FROM:<> AUTH=<> HOLDFOR=10 REQUIRETLS',
  'RCPT TO:<me@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;me@example.org',
  'RCPT TO:<Postmaster>',
  'RCPT TO:<m\xc3\xa9@ex\xc3\xa4mple.org>',
  `RCPT TO:<${'x'.repeat(300)}@example.org>`,
  'RCPT TO:<nobody@elsewhere.example>',
  'AUTH CRAM-MD5',
  'AUTH PLAIN AAAA=',
  'XCLIENT ADDR=127.0.0.1',
  'STARTTLS now',
  'GET / HTTP/1.1',
  'BDAT 0',
  'BDAT 4\r\nabcd',
  'BDAT 6 LAST\r\n\r\nhi\r\n',
  '\x16\x03\x01\x02\x00\x01',
] as const;

const contents = [
  'Subject: fuzz\r\n\r\nbody\r\n',
  '..\r\n.\r\r\n\r\n',
  'From: a\n.\nMAIL FROM:<x@example.net>\r\n',
  'a\r.\rb\r\n',
  '\0\0\0\r\n',
  `${'A'.repeat(100_000)}\r\n`,
  'Content-Type: multipart/mixed; boundary="\\"\r\n\r\n--"\r\n--"--\r\n',
  '',
] as const;

async function fuzzSession(random: SeededRandom, ports: { smtp: number; submission: number; submissions: number }) {
  const state = random.pick(Object.keys(states)) as keyof typeof states;
  const needsLogin = state === 'loggedIn' || state === 'auth' || state === 'authSecond';
  const tls = needsLogin && random.chance(0.3);
  using connection = await RawConnection.open(tls ? ports.submissions : needsLogin ? ports.submission : ports.smtp, {
    tls,
  });
  for (const line of states[state]) {
    if (line !== '') connection.send(`${line}\r\n`);
    await connection.until(reply);
    connection.received = '';
  }
  if (state === 'ehlo' && random.chance(0.5)) {
    await connection.ask('STARTTLS', reply);
    if (random.chance(0.3)) connection.send(random.bytes(200));
    else await connection.secure();
  }
  const inData = state === 'data' || state === 'auth' || state === 'authSecond' || state === 'beforeGreeting';
  for (let step = random.below(8); step > 0 && !connection.closed; step--) {
    if (inData || random.chance(0.4)) {
      connection.send(mutate(random, `${random.pick([...commands, ...contents])}\r\n`));
      continue;
    }
    // A command that isn't changed has its reply, or the server says that it has enough.
    connection.received = '';
    connection.send(`${random.pick(commands)}\r\n`);
    await connection.until(reply);
  }
  await end(random, connection);
}

/** However a client goes away, the server closes its side. */
async function end(random: SeededRandom, connection: RawConnection): Promise<void> {
  switch (random.below(4)) {
    case 0:
      connection.socket.destroy();
      return;
    case 1:
      connection.reset();
      return;
    case 2:
      connection.send('\r\n.\r\nQUIT\r\n');
  }
  connection.socket.end();
  await connection.ended();
}

/** A session with all that takes bytes; sent at once, and cut anywhere. */
const wholeSession = [
  'EHLO cut.example',
  'MAIL FROM:<cut@example.net> SIZE=20',
  'RCPT TO:<me@example.org>',
  'DATA',
  'Subject: cut',
  '',
  '..',
  '.',
  'MAIL FROM:<cut@example.net>',
  'RCPT TO:<me@example.org>',
  'BDAT 20',
  'Subject: chunk',
  '',
  'BDAT 4 LAST',
  'end',
  'QUIT',
].join('\r\n');

it('SMTP sessions fuzzed in every state neither crash nor hang the server, and leave nothing behind', async () => {
  const { seed, rounds } = fuzzSettings(10);
  const random = new Random(seed);
  await using attacked = await AttackedServer.start();
  await attacked.checkUsable();
  const files = await attacked.openFiles();
  attacked.startCanary();
  const memoryMiB: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await inParallel(sessionsPerRound, sessionsAtOnce, () => fuzzSession(random.fork(), attacked.ports));
    expect(attacked.alive).toBe(true);
    memoryMiB.push(await attacked.residentMiB());
  }
  const canary = await attacked.stopCanary();
  expect(canary.delivered).toBeGreaterThan(1);
  process.stderr.write(`fuzz: SMTP memory ${memoryMiB.map(Math.round).join(' ')} MiB, ${JSON.stringify(canary)}\n`);
  if (rounds >= 10) expect((memoryMiB[9] as number) - (memoryMiB[2] as number), 'growth in MiB').toBeLessThan(40);
  await attacked.expectFilesClosed(files, 20);
  await attacked.expectUnharmed();
});

it('SMTP sessions cut at every byte harm nothing, and a message is there whole or not at all', async () => {
  await using attacked = await AttackedServer.start();
  await attacked.checkUsable();
  const files = await attacked.openFiles();
  attacked.startCanary();
  await inParallel(wholeSession.length + 1, 16, async (length) => {
    using connection = await RawConnection.open(attacked.ports.smtp);
    connection.send(wholeSession.slice(0, length));
    await connection.sent();
    if (length % 3 === 0) connection.reset();
    else if (length % 3 === 1) connection.socket.destroy();
    else {
      connection.socket.end();
      await connection.ended();
    }
  });
  await attacked.stopCanary();
  await attacked.expectFilesClosed(files, 20);
  await attacked.expectUnharmed();
});
