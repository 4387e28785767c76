import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { launcher, resultOf, startTestServer, type TestServer } from '../harness/start-test-server.ts';
import { everything, type Known, synchronise } from '../harness/synchronising-client.ts';

let server: TestServer;
let client: ImapTestClient;
let backup: string;

function text(subject: string): string {
  return `From: Ada <ada@example.net>\nTo: me@example.org\nSubject: ${subject}\nMessage-ID: <${subject.replaceAll(' ', '.')}@x>\n\nBody of ${subject}.\n`;
}

async function logIn(account = mine): Promise<ImapTestClient> {
  const opened = await ImapTestClient.login(server.ports.imap, `${account}@example.org`);
  await opened.ok('ENABLE QRESYNC');
  return opened;
}

/** Subjects with flags of all mailboxes, in order. */
async function state(opened: ImapTestClient): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const names = (await opened.ok('LIST "" "*"')).flatMap(
    (line) => /^\* LIST \([^)]*\) "\/" "?([^"]+)"?$/.exec(line)?.[1] ?? [],
  );
  for (const name of names) {
    const messages = await everything(opened, name);
    if (messages.size > 0) found[name] = [...messages.values()].map(({ subject, flags }) => `${subject} (${flags})`);
  }
  return found;
}

async function restored(...args: string[]) {
  const run = await server.command('restore', backup, '--json', ...args);
  if (run.code !== 0) throw new Error(`restore ends with ${run.code}: ${run.stderr}`);
  return resultOf(run);
}

async function remove(mailbox: string, uids: string): Promise<void> {
  await client.ok(`SELECT ${mailbox}`);
  await client.ok(`UID STORE ${uids} +FLAGS (\\Deleted)`);
  await client.ok('EXPUNGE');
}

/** One for each run of a test, with mail; and others, without. The server and the backup are for all. */
const accounts = Array.from({ length: 20 }, (_, at) => `me${at + 1}`);
const others = Array.from({ length: 8 }, (_, at) => `you${at + 1}`);
const unused = { accounts: accounts.values(), others: others.values() };
let mine: string;
let firstBackup: string;

beforeAll(async () => {
  server = await startTestServer({ accounts: [...accounts, ...others] });
  for (const account of accounts) {
    using opened = await logIn(account);
    for (const subject of ['one', 'two', 'three', 'four'])
      await opened.append('INBOX', text(subject), subject === 'two' ? '(\\Seen $Work) ' : '');
    await opened.ok('CREATE Lists/Work');
    for (const subject of ['five', 'six']) await opened.append('Lists/Work', text(subject), '(\\Flagged) ');
  }
  firstBackup = join(server.directory, 'backup');
  expect(await server.command('backup', firstBackup)).toMatchObject({ code: 0 });
}, 60_000);

afterAll(() => server[Symbol.asyncDispose]());

beforeEach(async () => {
  mine = unused.accounts.next().value!;
  backup = firstBackup;
  // A test may have stopped it.
  if (server.process.exitCode !== null) server = await serveAgain();
  client = await logIn();
}, 60_000);

afterEach(() => client[Symbol.dispose]());

async function serveAgain(): Promise<TestServer> {
  return await startTestServer({ directory: server.directory, ports: server.ports });
}

describe('a restore into the running server', { timeout: 60_000 }, () => {
  it('brings back one message by its Message-ID, with flags, keywords and date, once', async () => {
    const [dateBefore] = await (async () => {
      await client.ok('SELECT INBOX');
      return await client.ok('UID FETCH 2 (INTERNALDATE)');
    })();
    await remove('INBOX', '2');
    expect(await restored('--account', mine, '--message-id', '<two@x>', '--dry-run')).toMatchObject({
      restored: 1,
      dryRun: true,
    });
    expect((await state(client)).INBOX).toHaveLength(3);
    expect(await restored('--account', mine, '--message-id', '<two@x>')).toMatchObject({
      account: mine,
      selected: 1,
      restored: 1,
      alreadyThere: 0,
      skipped: 0,
    });
    expect(await restored('--account', mine, '--message-id', '<two@x>')).toMatchObject({
      restored: 0,
      alreadyThere: 1,
    });
    expect((await state(client)).INBOX).toEqual(['one ()', 'three ()', 'four ()', 'two (\\Seen $Work)']);
    await client.ok('SELECT INBOX');
    const [dateAfter] = await client.ok('UID FETCH 5 (INTERNALDATE)');
    expect(/INTERNALDATE "[^"]+"/.exec(dateAfter!)?.[0]).toBe(/INTERNALDATE "[^"]+"/.exec(dateBefore!)?.[0]);
  });

  it('merges a mailbox: what is missing comes back, newer mail and flags stay, what was moved is no duplicate', async () => {
    await client.ok('SELECT INBOX');
    await client.ok('UID STORE 1 +FLAGS (\\Seen)');
    await client.ok('UID MOVE 3 Archive');
    await client.ok('UID MOVE 4 Trash');
    await remove('INBOX', '2');
    await client.append('INBOX', text('newer'), '(\\Answered) ');
    const known: Known = { uidValidity: 0, modseq: 0, messages: new Map() };
    await synchronise(client, 'INBOX', known);
    const before = structuredClone(known);
    expect(await restored('--account', mine, '--mailbox', 'INBOX')).toMatchObject({
      selected: 4,
      // Two was expunged, four is moved back from Trash.
      restored: 2,
      alreadyThere: 2,
      changed: 0,
    });
    expect(await state(client)).toEqual({
      INBOX: ['one (\\Seen)', 'newer (\\Answered)', 'two (\\Seen $Work)', 'four ()'],
      Archive: ['three ()'],
      'Lists/Work': ['five (\\Flagged)', 'six (\\Flagged)'],
    });
    // A client that was in step fetches only what has come back.
    const fetched = await synchronise(client, 'INBOX', known);
    expect(fetched).toHaveLength(2);
    expect(Math.min(...fetched)).toBeGreaterThan(Math.max(...before.messages.keys()));
    expect(known.uidValidity).toBe(before.uidValidity);
    expect(known.modseq).toBeGreaterThan(before.modseq);
    for (const [uid, message] of before.messages) expect(known.messages.get(uid)).toEqual(message);
    expect(await restored('--account', mine, '--mailbox', 'INBOX')).toMatchObject({ restored: 0, alreadyThere: 4 });
    expect(await synchronise(client, 'INBOX', known)).toEqual([]);
  });

  it('takes away the mark of deletion that a message got since', async () => {
    await client.ok('SELECT INBOX');
    await client.ok('UID STORE 1,3 +FLAGS (\\Deleted)');
    expect(await restored('--account', mine, '--mailbox', 'INBOX')).toMatchObject({
      restored: 0,
      alreadyThere: 2,
      changed: 2,
    });
    expect((await state(client)).INBOX).toEqual(['one ()', 'two (\\Seen $Work)', 'three ()', 'four ()']);
  });

  it('selects by UID, by date and by text', async () => {
    await remove('INBOX', '1:*');
    expect(await restored('--account', mine, '--mailbox', 'INBOX', '--uid', '1,3:3')).toMatchObject({ restored: 2 });
    expect(await restored('--account', mine, '--search', 'BODY of four')).toMatchObject({ selected: 1, restored: 1 });
    const day = (offset: number): string => {
      const date = new Date(Date.now() + offset * 86_400_000);
      return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
    };
    const nothing = await server.command('restore', backup, '--account', mine, '--since', day(1));
    expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing in the backup matches') });
    expect(await restored('--account', mine, '--since', day(-1), '--before', day(1))).toMatchObject({
      selected: 6,
      restored: 1,
      alreadyThere: 5,
    });
    expect((await state(client)).INBOX?.map((each) => each.split(' ')[0])).toEqual(['one', 'three', 'four', 'two']);
  });

  it('restores into another mailbox, and into another account', async () => {
    const yours = unused.others.next().value!;
    expect(await restored('--account', mine, '--mailbox', 'INBOX', '--into', 'Old/Inbox')).toMatchObject({
      restored: 4,
      mailboxes: [{ mailbox: 'Old/Inbox', restored: 4, outcome: 'created' }],
    });
    expect(await restored('--account', mine, '--mailbox', 'INBOX', '--into', 'Old/Inbox')).toMatchObject({
      restored: 0,
      alreadyThere: 4,
    });
    expect(await restored('--account', mine, '--as', `${yours}@example.org`)).toMatchObject({
      account: yours,
      restored: 6,
    });
    expect(await restored('--account', mine, '--as', yours)).toMatchObject({ restored: 0, alreadyThere: 6 });
    using you = await logIn(yours);
    expect(await state(you)).toMatchObject({
      INBOX: expect.arrayContaining(['two (\\Seen $Work)']),
      'Lists/Work': ['five (\\Flagged)', 'six (\\Flagged)'],
    });
    expect((await state(client))['Old/Inbox']).toHaveLength(4);
  });

  it('brings a deleted mailbox back with its UIDVALIDITY', async () => {
    const known: Known = { uidValidity: 0, modseq: 0, messages: new Map() };
    await synchronise(client, 'Lists/Work', known);
    const before = structuredClone(known);
    await client.ok('SELECT INBOX');
    await client.ok('DELETE Lists/Work');
    expect(await restored('--account', mine, '--mailbox', 'Lists/Work')).toMatchObject({
      restored: 2,
      mailboxes: [{ mailbox: 'Lists/Work', restored: 2, outcome: 'revived' }],
    });
    const fetched = await synchronise(client, 'Lists/Work', known);
    expect(known.uidValidity).toBe(before.uidValidity);
    expect(Math.min(...fetched)).toBeGreaterThan(Math.max(...before.messages.keys()));
    expect([...known.messages.values()]).toEqual([...before.messages.values()]);
  });

  it('mirrors the account as it was, twice, and no message that stays gets another UID', async () => {
    const was = await state(client);
    const known: Known = { uidValidity: 0, modseq: 0, messages: new Map() };
    await client.ok('SELECT INBOX');
    await client.ok('UID STORE 1 +FLAGS (\\Seen)');
    await client.ok('UID STORE 2 -FLAGS (\\Seen $Work)');
    await client.ok('UID MOVE 3 Archive');
    await remove('INBOX', '4');
    await client.append('INBOX', text('newer'));
    await client.ok('CREATE Newer');
    await client.append('Newer', text('in newer'));
    await synchronise(client, 'INBOX', known);
    await client.ok('SELECT Drafts');
    const plan = await restored('--account', mine, '--mode', 'mirror', '--dry-run');
    const done = await restored('--account', mine, '--mode', 'mirror');
    expect(done).toMatchObject({ restored: 1, moved: 1, changed: 2, removed: 2 });
    expect(done.mailboxes).toContainEqual(
      expect.objectContaining({ mailbox: 'Newer', removed: 1, outcome: 'deleted' }),
    );
    expect(plan).toEqual({ ...done, dryRun: true });
    const now = await state(client);
    expect(Object.keys(now)).toEqual(Object.keys(was));
    for (const [name, messages] of Object.entries(was)) expect([...now[name]!].sort()).toEqual([...messages].sort());
    expect((await synchronise(client, 'INBOX', known)).length).toBe(2);
    expect(await restored('--account', mine, '--mode', 'mirror')).toMatchObject({
      restored: 0,
      moved: 0,
      changed: 0,
      removed: 0,
      alreadyThere: 6,
    });
    expect(await synchronise(client, 'INBOX', known)).toEqual([]);
    const wrong = await server.command('restore', backup, '--account', mine, '--mode', 'mirror', '--search', 'x');
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Cannot mirror a selection') });
  });

  it('mirrors one mailbox, without losing what lies elsewhere now or then', async () => {
    await client.ok('SELECT INBOX');
    await client.ok('UID MOVE 1 Archive');
    await client.ok('SELECT Lists/Work');
    await client.ok('UID MOVE 1 INBOX');
    await client.append('INBOX', text('newer'));
    expect(await restored('--account', mine, '--mailbox', 'INBOX', '--mode', 'mirror')).toMatchObject({
      restored: 1,
      moved: 1,
      removed: 1,
    });
    const now = await state(client);
    expect([...now.INBOX!].sort()).toEqual(['four ()', 'one ()', 'three ()', 'two (\\Seen $Work)']);
    expect(now.Archive).toEqual(['one ()']);
    expect([...now['Lists/Work']!].sort()).toEqual(['five (\\Flagged)', 'six (\\Flagged)']);
  });

  it('brings back an account that was deleted, with configuration, password and UIDs', async () => {
    const yours = unused.others.next().value!;
    const known: Known = { uidValidity: 0, modseq: 0, messages: new Map() };
    {
      using you = await logIn(yours);
      for (const subject of ['a', 'b', 'c']) await you.append('INBOX', text(subject));
      await you.ok('SELECT INBOX');
      await you.ok('UID STORE 2 +FLAGS (\\Deleted)');
      await you.ok('EXPUNGE');
      await synchronise(you, 'INBOX', known);
    }
    expect(
      await server.command('config', 'alias', 'add', 'team@example.org', `${mine}@example.org`, `${yours}@example.org`),
    ).toMatchObject({ code: 0 });
    backup = join(server.directory, `of-${yours}`);
    expect(await server.command('backup', backup)).toMatchObject({ code: 0 });
    {
      using you = await logIn(yours);
      await you.append('INBOX', text('later'));
      await synchronise(you, 'INBOX', known);
    }
    expect(
      await server.command('config', 'alias', 'rmmember', 'team@example.org', `${yours}@example.org`),
    ).toMatchObject({
      code: 0,
    });
    expect(await server.command('config', 'account', 'rm', yours)).toMatchObject({ code: 0 });
    await server.stop();
    await rm(join(server.dataDirectory, 'accounts', yours), { recursive: true });
    server = await serveAgain();
    client = await logIn();
    const before = structuredClone(known);
    expect(await restored('--account', yours, '--dry-run')).toMatchObject({
      cameBack: true,
      configured: true,
      restored: 2,
    });
    expect(await restored('--account', yours)).toMatchObject({
      cameBack: true,
      configured: true,
      restored: 2,
      leftOut: [],
    });
    expect((await server.command('config', 'alias', 'list')).stdout).toMatch(
      new RegExp(`team@example\\.org.*${yours}@example\\.org`),
    );
    using you = await logIn(yours);
    expect(await synchronise(you, 'INBOX', known)).toEqual([]);
    expect(known.uidValidity).toBe(before.uidValidity);
    expect([...known.messages]).toEqual([...before.messages].filter(([, { subject }]) => subject !== 'later'));
    await you.append('INBOX', text('new'));
    const [uid] = await synchronise(you, 'INBOX', known);
    expect(uid).toBeGreaterThan(Math.max(...before.messages.keys()));
    // Everything is there: a merge has nothing to do.
    expect(await restored('--account', yours)).toMatchObject({
      cameBack: false,
      configured: false,
      restored: 0,
      alreadyThere: 2,
    });
    expect(await server.command('verifydata')).toMatchObject({ code: 0 });
  });

  it('shows what comes back to a session that idles, at once', async () => {
    await remove('INBOX', '2:3');
    using idling = await logIn();
    await idling.ok('SELECT INBOX');
    idling.send('i IDLE\r\n');
    await idling.expect('+ …');
    expect(await restored('--account', mine)).toMatchObject({ restored: 2 });
    await idling.expect('* 4 EXISTS');
    await idling.expect('* 2 RECENT');
    idling.send('DONE\r\n');
    expect(await idling.line()).toMatch(/^i OK /);
    const subjects = await idling.ok('UID FETCH 5:6 (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    expect(subjects.join('\n')).toMatch(/Subject: two[\s\S]*Subject: three/);
  });

  it('tells programs how far it is, and works on a stopped server too', async () => {
    await remove('INBOX', '1:4');
    await server.stop();
    const run = await server.command('restore', backup, '--account', `${mine}@example.org`, '--json');
    expect(run).toMatchObject({ code: 0 });
    const events = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toContainEqual(expect.objectContaining({ event: 'progress', step: 'restore', done: 4, total: 4 }));
    expect(events.at(-1)).toMatchObject({ event: 'result', account: mine, restored: 4 });
    expect(await server.command('verifydata')).toMatchObject({ code: 0 });
  });

  it('goes on beside a backup, and beside mail that comes; a second one of the same account is refused', async () => {
    const yours = unused.others.next().value!;
    const big = join(server.directory, `big-of-${yours}`);
    {
      using you = await logIn(yours);
      for (let at = 0; at < 300; at++) await you.append('INBOX', text(`number ${at}`));
      expect(await server.command('backup', big)).toMatchObject({ code: 0 });
      await you.ok('SELECT INBOX');
      await you.ok('UID STORE 1:* +FLAGS.SILENT (\\Deleted)');
      await you.ok('EXPUNGE');
    }
    const deliver = async (): Promise<void> => {
      using you = await logIn(yours);
      for (let at = 0; at < 50; at++) await you.append('INBOX', text(`meanwhile ${at}`));
    };
    const restore = () => server.command('restore', big, '--account', yours, '--json');
    const third = join(server.directory, `third-of-${yours}`);
    const [first, second, taken] = await Promise.all([
      restore(),
      restore(),
      server.command('backup', third),
      deliver(),
    ]);
    const codes = [first.code, second.code].sort();
    const refused = [first, second].find(({ code }) => code === 1);
    // Unless the first had ended before the second began.
    if (refused !== undefined) expect(refused.stderr).toContain('another restore of it is running');
    else expect(codes).toEqual([0, 0]);
    expect(taken).toMatchObject({ code: 0 });
    expect(await server.command('verifydata', third)).toMatchObject({ code: 0 });
    using you = await logIn(yours);
    const found = [...(await everything(you, 'INBOX')).values()].map(({ subject }) => subject);
    expect(found).toHaveLength(350);
    expect(new Set(found).size).toBe(350);
    expect(await server.command('verifydata')).toMatchObject({ code: 0 });
  });

  it('brings back of the configuration what nobody has taken since, and names the rest', async () => {
    const yours = unused.others.next().value!;
    await server.command('config', 'domain', 'add', 'gone.example');
    await server.command('config', 'address', 'add', `${yours}@gone.example`, yours);
    await server.command('config', 'address', 'add', 'both@example.org', yours);
    backup = join(server.directory, `of-${yours}`);
    expect(await server.command('backup', backup)).toMatchObject({ code: 0 });
    await server.command('config', 'account', 'rm', yours);
    await server.command('config', 'domain', 'rm', 'gone.example');
    await server.command('config', 'address', 'add', 'Both@example.org', mine);
    const run = await server.command('restore', backup, '--account', yours, '--json');
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(resultOf(run)).toMatchObject({ configured: true, cameBack: false });
    expect(resultOf(run).leftOut.sort()).toEqual([
      'address both@example.org: somebody else has it now',
      `address ${yours}@gone.example: domain "gone.example" is not configured`,
    ]);
    const list = (await server.command('config', 'account', 'list')).stdout;
    expect(list).toMatch(new RegExp(`^${yours} +example\\.org +yes +${yours}@example\\.org$`, 'm'));
    // Its mail was still there, and so was its password.
    using _you = await logIn(yours);
  });

  it('is refused when the backup or what is asked for is not there', async () => {
    for (const [args, reason] of [
      [['--account', 'nobody'], 'Cannot find account "nobody" in the backup'],
      [
        ['--account', mine, '--mailbox', 'Nowhere'],
        `Cannot restore mailbox "Nowhere": account "${mine}" of the backup has none of that name`,
      ],
      [['--account', mine, '--as', 'nobody'], 'domains.yaml has none of that name'],
    ] as const) {
      const run = await server.command('restore', backup, ...args);
      expect(run).toMatchObject({ code: 1, stderr: expect.stringContaining(reason) });
    }
    const none = await server.command('restore', join(server.directory, 'nothing'), '--account', mine);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('Cannot read the backup') });
    await rm(join(backup, 'data', 'accounts', mine, 'msg', '0', '1'));
    await remove('INBOX', '1:2');
    const damaged = await server.command('restore', backup, '--account', mine);
    expect(damaged.code).toBe(3);
    expect(damaged.stderr).toContain('warning: skipped: message 1 of mailbox "Inbox", subject "one"');
    expect(damaged.stdout).toContain('1 restored, 4 already there, 1 skipped');
  });

  it('is no failure when nobody reads what is printed of a backup', async () => {
    const words = ['restore', backup, '--print', '--account', mine, '--message-id', 'two@x'];
    const child = spawn(process.execPath, [launcher, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    expect(await readText(child.stderr)).toBe('');
    expect(await ended).toBe(0);
  });
});
