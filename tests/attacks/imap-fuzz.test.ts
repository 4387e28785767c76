import { expect, it } from 'vitest';
import { SeededRandom } from '../harness/seeded-random.ts';
import { AttackedServer } from './attacked-server.ts';
import { fuzzSettings } from './fuzz-settings.ts';
import { inParallel } from './in-parallel.ts';
import { mutate } from './mutate.ts';
import { RawConnection } from './raw-connection.ts';

const sessionsPerRound = 30;
/** Few, as the canary waits in line with their logins. */
const sessionsAtOnce = 8;

/** Commands of a session before login; none logs in. */
const beforeLogin = [
  'NOOP',
  'CAPABILITY',
  'ID ("name" "fuzz" "x" NIL)',
  'LOGIN "nobody" {3+}\r\nabc',
  'LOGIN nobody "a\\"b\\\\"',
  'SELECT INBOX',
  'ENABLE CONDSTORE',
  'IDLE',
  'APPEND INBOX {5+}\r\nhello',
  'APPEND INBOX {4+}\r\na b\r',
  'STARTTLS now',
  'AUTHENTICATE PLAIN AAAA=',
  'AUTHENTICATE SCRAM-SHA-256 biwsbj1tZSxyPWE=x',
  'AUTHENTICATE X',
] as const;

const loggedIn = [
  'NOOP',
  'CAPABILITY',
  'NAMESPACE',
  'ENABLE QRESYNC IMAP4rev2 UTF8=ACCEPT',
  'LIST "" *',
  'LIST (SUBSCRIBED RECURSIVEMATCH) "" ("*%*%*" "%/%") RETURN (CHILDREN STATUS (MESSAGES UIDNEXT SIZE))',
  `LIST "" "${'%a'.repeat(300)}"`,
  'LSUB "" "&Jjo-%"',
  'STATUS INBOX (MESSAGES UNSEEN HIGHESTMODSEQ SIZE DELETED)',
  'CREATE "&2AA-"',
  'CREATE "../../etc/passwd"',
  'CREATE "a/b/&ZeVnLIqe-"',
  'CREATE {4+}\r\na\0b\r',
  'RENAME INBOX a/b',
  'RENAME a a/a',
  'DELETE a/b',
  'SUBSCRIBE \xff\xfe',
  'SUBSCRIBE "x/y"',
  'GETQUOTAROOT INBOX',
  'APPEND INBOX (\\Seen $fuzz) "01-Jan-2026 00:00:00 +0000" {9+}\r\na: b\r\n\r\nc',
  'APPEND INBOX {2+}\r\nab {3+}\r\ncde',
  'APPEND INBOX ~{3+}\r\na\0b',
  'APPEND INBOX UTF8 (~{3+}\r\nabc)',
  'APPEND "no such" {5+}\r\nhello',
  'APPEND {5+}\r\nINBOX {5+}\r\nhello',
  'APPEND INBOX (\\Bad\\Flag) {5+}\r\nhello',
  'APPEND INBOX CATENATE (URL "/INBOX/;UID=1/;SECTION=1.MIME" TEXT {3+}\r\nabc URL /INBOX/;UID=99)',
  'APPEND INBOX CATENATE (TEXT {3+}\r\na\0b)',
  'SETMETADATA INBOX (/private/comment {3+}\r\nabc /shared/vendor/x/y ~{2+}\r\n\0a)',
  'GETMETADATA (DEPTH infinity MAXSIZE 1) "" (/private /shared)',
  'LIST "" "*" RETURN (METADATA (/shared/comment))',
  'GENURLAUTH "imap://me@mail.example.org/INBOX/;UID=1;URLAUTH=anonymous" INTERNAL',
  `URLFETCH "imap://me@mail.example.org/${'%41'.repeat(300)}/;UID=1;URLAUTH=anonymous:INTERNAL:${'0'.repeat(66)}"`,
  'RESETKEY INBOX INTERNAL',
  'REPLACE 1 INBOX {5+}\r\nhello',
  'UID REPLACE 1 INBOX CATENATE (URL ;UID=1)',
  'UIDBATCHES 500 1:2',
  'SELECT INBOX (CONDSTORE)',
  'SELECT INBOX (QRESYNC (1 1 1:10 (1 1)))',
  'EXAMINE INBOX',
  'X',
  '',
] as const;

const selected = [
  ...loggedIn,
  'FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)',
  'FETCH 1:4294967295,1:*,4294967295:1,* (BODY.PEEK[]<0.10> BODY[1.2.3.MIME] BINARY.SIZE[1])',
  'FETCH 1 BODY[HEADER.FIELDS ("a\\"b" {1+}\r\nc)]',
  'FETCH 1 BODY[]<4294967295.4294967295>',
  'UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)',
  'FETCH 4294967296 UID',
  'FETCH 0 UID',
  'FETCH $ FAST',
  `FETCH ${'1,'.repeat(5000)}1 UID`,
  `FETCH ${'1:*,'.repeat(5000)}1 UID`,
  `SEARCH ${'('.repeat(200)}ALL${')'.repeat(200)}`,
  `SEARCH ${'NOT '.repeat(2000)}ALL`,
  `SEARCH ${'OR ALL '.repeat(40)}ALL`,
  'SEARCH RETURN (MIN MAX COUNT SAVE) CHARSET UTF-8 TEXT {4+}\r\n\xc3\xbc\xe2\x82',
  'SEARCH CHARSET KOI8-R SUBJECT x',
  'SEARCH HEADER "" "" BODY "" SENTON 31-Feb-2026',
  'UID SEARCH UID 4294967295:1,* LARGER 4294967296 MODSEQ "/flags/\\\\seen" all 1',
  'STORE 1:* +FLAGS (a b c \\Deleted)',
  'STORE 1:* (UNCHANGEDSINCE 0) -FLAGS.SILENT \\Deleted',
  `STORE 1 FLAGS (${'k '.repeat(200)}k)`,
  'UID STORE 1:4294967295 FLAGS.SILENT ()',
  'COPY 1:* a/b',
  'MOVE 1 INBOX',
  'UID MOVE 4294967295 Trash',
  'EXPUNGE',
  'UID EXPUNGE 1:*',
  'CLOSE',
  'UNSELECT',
] as const;

const nested = '(('.repeat(1000);

/** Literals of any size, announced: what follows may or may not come. */
const absurd = [
  'LOGIN {99999999999999+}\r\n',
  'LOGIN {4294967296}\r\n',
  'LOGIN {20000+}\r\n',
  'APPEND INBOX {999999999}\r\n',
  'APPEND INBOX {999999999999+}\r\n',
  'APPEND INBOX (\\Seen) {100+}\r\nhalf of it',
  'APPEND INBOX {-1}\r\n',
  'SEARCH TEXT {131072+}\r\nx',
  'CREATE {18446744073709551616}\r\n',
  `FETCH ${nested}`,
  `LIST ${nested}`,
  `${'A'.repeat(200_000)}\r\n`,
  'IDLE\r\nnot done, but a line that is far longer than DONE and its line end would be, and goes on\r\n',
  'IDLE\r\nDO',
  'AUTHENTICATE PLAIN\r\n!!!!\r\n',
  'AUTHENTICATE SCRAM-SHA-256\r\nbiwsbj1tZSxyPWFiYw==\r\n',
  'FETCH 1:* BODY[]\r\n',
] as const;

type State = 'before' | 'loggedIn' | 'selected' | 'idle' | 'append' | 'authenticate';
const allStates: readonly State[] = ['before', 'loggedIn', 'selected', 'idle', 'append', 'authenticate'];

async function enter(connection: RawConnection, state: State, login: string): Promise<void> {
  await connection.until(/^\* OK .*\r\n/);
  if (state === 'before') return;
  if (state === 'authenticate') {
    await connection.ask('i AUTHENTICATE PLAIN', /^\+ .*\r\n/m);
    return;
  }
  await connection.ask(`i LOGIN ${login} secret`, /^i OK.*\r\n/m);
  if (state === 'loggedIn') return;
  await connection.ask('i SELECT INBOX', /^i OK.*\r\n/m);
  if (state === 'idle') await connection.ask('i IDLE', /^\+ .*\r\n/m);
  if (state === 'append') await connection.ask('i APPEND INBOX (\\Seen) {100}', /^\+ .*\r\n/m);
}

async function fuzzSession(random: SeededRandom, ports: { imap: number; imaps: number }): Promise<void> {
  const state = random.pick(allStates);
  const tls = random.chance(0.2);
  using connection = await RawConnection.open(tls ? ports.imaps : ports.imap, { tls });
  await enter(connection, state, random.pick(['me', 'you']));
  const known = state === 'before' ? beforeLogin : state === 'loggedIn' ? loggedIn : selected;
  const mid = state === 'idle' || state === 'append' || state === 'authenticate';
  let inStep = !mid;
  for (let step = random.below(10); step > 0 && !connection.closed; step--) {
    if (inStep && random.chance(0.6)) {
      // A command that is complete has its answer, whatever is in it, or the server says goodbye.
      const tag = `t${random.below(1_000_000)}`;
      const command = random.pick(known);
      connection.received = '';
      connection.send(`${tag} ${command}\r\n`);
      if (command === 'IDLE' && state !== 'before') connection.send('DONE\r\n');
      const answer = await connection.until(new RegExp(`^(?:${tag} (?:OK|NO|BAD) |\\* BYE ).*\\r\\n`, 'm'), 20_000);
      expect(answer ?? connection.closed, command).toBeTruthy();
    } else {
      inStep = false;
      connection.send(random.chance(0.3) ? `x ${random.pick(absurd)}` : mutate(random, `x ${random.pick(known)}\r\n`));
    }
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
      connection.send('\r\nDONE\r\nz LOGOUT\r\n');
  }
  connection.socket.end();
  await connection.ended();
}

async function fill(attacked: AttackedServer, login: string, messages: number, bytes: number): Promise<void> {
  using connection = await RawConnection.open(attacked.ports.imap);
  await enter(connection, 'loggedIn', login);
  const message = `Subject: fill\r\n\r\n${`${'x'.repeat(74)}\r\n`.repeat(Math.ceil(bytes / 76))}`;
  const literals = Array.from({ length: messages }, () => `(\\Seen) {${message.length}+}\r\n${message}`).join(' ');
  await connection.ask(`a APPEND INBOX ${literals}`, /^a OK.*\r\n/m);
}

const wholeSession = [
  'a LOGIN me secret',
  'b CREATE cut/{4+}',
  'c APPEND INBOX {11+}',
  'a: b\r\n\r\ncut',
  'd APPEND {5+}',
  'INBOX (\\Seen) {3+}',
  'abc {3+}',
  'def',
  'e SELECT INBOX',
  'f FETCH 1:* (FLAGS BODY.PEEK[]<0.20>)',
  'g IDLE',
  'DONE',
  'h STORE * +FLAGS.SILENT (\\Deleted)',
  'i UID EXPUNGE 1:*',
  'j LOGOUT',
  '',
].join('\r\n');

it('IMAP sessions fuzzed in every state neither crash nor hang the server, and leave nothing behind', async () => {
  const { seed, rounds } = fuzzSettings(10);
  const random = new SeededRandom(seed);
  await using attacked = await AttackedServer.start({ accounts: ['me', 'you', 'canary'] });
  for (const login of ['me', 'you']) await fill(attacked, login, 20, 2_000);
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
  process.stderr.write(`fuzz: IMAP memory ${memoryMiB.map(Math.round).join(' ')} MiB, ${JSON.stringify(canary)}\n`);
  if (rounds >= 10) expect((memoryMiB[9] as number) - (memoryMiB[2] as number), 'growth in MiB').toBeLessThan(60);
  await attacked.expectFilesClosed(files, 30);
  await attacked.expectUnharmed();
});

it('IMAP sessions cut at every byte harm nothing', async () => {
  await using attacked = await AttackedServer.start();
  await attacked.checkUsable();
  const files = await attacked.openFiles();
  attacked.startCanary();
  // Most of the time goes into logins: all places are cut at with RESTANTE_FUZZ_ROUNDS=100 or more.
  const step = Number(process.env.RESTANTE_FUZZ_ROUNDS ?? 0) >= 100 ? 1 : 3;
  const login = wholeSession.indexOf('\n') + 1;
  await inParallel(Math.ceil((wholeSession.length + 1) / step), 8, async (index) => {
    const length = index * step;
    using connection = await RawConnection.open(attacked.ports.imap);
    connection.send(wholeSession.slice(0, Math.min(length, login)));
    // Passwords take their time: the canary would wait for those of all sessions that were cut.
    if (length >= login) await connection.until(/^a OK.*\r\n/m, 30_000);
    connection.send(wholeSession.slice(login, length));
    await connection.sent();
    if (length % 3 === 0) connection.reset();
    else if (length % 3 === 1) connection.socket.destroy();
    else {
      connection.socket.end();
      await connection.ended();
    }
  });
  await attacked.stopCanary();
  await attacked.expectFilesClosed(files, 30);
  await attacked.expectUnharmed();
});

it('clients that ask for everything and read nothing cost neither memory nor patience', async () => {
  await using attacked = await AttackedServer.start();
  for (let round = 0; round < 4; round++) await fill(attacked, 'me', 50, 200_000);
  await attacked.checkUsable();
  const files = await attacked.openFiles();
  const slow: RawConnection[] = [];
  await inParallel(40, 4, async (index) => {
    const tls = index % 2 === 0;
    const connection = await RawConnection.open(tls ? attacked.ports.imaps : attacked.ports.imap, { tls });
    await enter(connection, 'selected', 'me');
    connection.socket.pause();
    slow.push(connection);
  });
  const before = await attacked.residentMiB();
  attacked.startCanary();
  for (const connection of slow) {
    connection.send('a FETCH 1:* BODY.PEEK[]\r\nb FETCH 1:* BODY.PEEK[]\r\n'.repeat(5));
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  // 40 MB for each of the 400 commands, if nothing waited.
  expect((await attacked.residentMiB()) - before, 'growth in MiB').toBeLessThan(150);
  for (const connection of slow) connection.socket.destroy();
  await attacked.stopCanary();
  await attacked.expectFilesClosed(files, 40);
  await attacked.expectUnharmed();
});
