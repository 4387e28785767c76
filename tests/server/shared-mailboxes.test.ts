import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ImapTestClient } from '../harness/imap-client.ts';
import { resultOf, startTestServer } from '../harness/start-test-server.ts';

it('shares mailboxes by commands and by address, keeps that in a backup, and not for an account of another name', {
  timeout: 120_000,
}, async () => {
  await using server = await startTestServer({ accounts: ['ann', 'ben', 'cat'] });
  const acl = async (...words: string[]) => await server.command('config', 'account', 'acl', ...words);
  const done = { code: 0, stdout: '', stderr: '' };
  const name = '"Other Users/ann/INBOX"';
  {
    using ann = await ImapTestClient.login(server.ports.imap, 'ann@example.org');
    await ann.append('INBOX', 'Subject: shared\n\nx\n');
    // An account that nobody has used yet, by an address of it.
    await ann.play(`
      C: a SETACL INBOX ben@example.org lr
      S: a OK Done
      C: b GETACL INBOX
      S: * ACL "INBOX" ann lrswipkxteacd ben lr
      S: b OK Done
      C: c SETACL INBOX nobody@example.org lr
      S: c NO There is no account of that name
    `);
  }
  expect(await acl('list', 'ann')).toMatchObject({ code: 0, stdout: 'MAILBOX  WHO  RIGHTS\nInbox    ben  lr\n' });
  expect(await acl('set', 'ann', 'Inbox', 'ben', 'sw', '--add')).toEqual(done);
  expect(await acl('set', 'ann', 'Inbox', 'anyone', 'lr')).toEqual(done);
  expect(await acl('set', 'ann', 'inbox', 'cat@example.org', 'r', '--deny')).toEqual(done);
  expect(resultOf(await acl('list', 'ann@example.org', 'inbox', '--json'))).toEqual([
    { mailbox: 'Inbox', who: '-cat', rights: 'r' },
    { mailbox: 'Inbox', who: 'anyone', rights: 'lr' },
    { mailbox: 'Inbox', who: 'ben', rights: 'lrsw' },
  ]);
  expect((await acl('set', 'ann', 'Inbox', 'ben', 'lrQ')).code).toBe(1);
  expect((await acl('set', 'ann', 'Inbox', 'ann', 'lr')).stderr).toContain('its owner has all rights');
  expect((await acl('set', 'ann', 'Inbox', 'nobody', 'lr')).stderr).toContain('Cannot use account "nobody"');
  expect((await acl('set', 'ann', 'Missing', 'ben', 'lr')).stderr).toContain('Cannot share mailbox "Missing"');
  expect((await acl('set', 'ann', 'Inbox', 'ben', 'lr', '--add', '--remove')).code).toBe(2);
  using ben = await ImapTestClient.login(server.ports.imap, 'ben');
  expect(await ben.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} lrsw`]);
  expect(await ben.ok('LIST "" "Other Users/%/%"')).toEqual([`* LIST (\\HasNoChildren) "/" ${name}`]);
  using cat = await ImapTestClient.login(server.ports.imap, 'cat');
  expect(await cat.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} l`]);
  expect(await acl('rm', 'ann', 'Inbox', 'cat', '--deny')).toEqual(done);
  expect(await acl('rm', 'ann', 'Inbox', 'anyone')).toEqual(done);
  expect((await cat.command(`MYRIGHTS ${name}`)).tagged).toMatch(/^NO \[NONEXISTENT\]/);

  const backup = join(server.directory, 'backup');
  expect((await server.command('backup', backup)).code).toBe(0);
  expect((await server.command('verifydata', backup)).code).toBe(0);
  // The same account comes back with what it shares; its mail under another name is for nobody but its owner.
  expect(await acl('rm', 'ann', 'Inbox', 'ben')).toEqual(done);
  expect((await server.command('config', 'account', 'add', 'dora', 'dora@example.org')).code).toBe(0);
  const restored = await server.command('restore', backup, '--account', 'ann', '--as', 'dora');
  expect(restored, restored.stderr).toMatchObject({ code: 0 });
  expect(resultOf(await acl('list', 'dora', '--json'))).toEqual([]);
  expect(resultOf(await acl('list', 'ann', '--json'))).toEqual([]);
  expect((await ben.command('SELECT "Other Users/dora/INBOX"')).tagged).toMatch(/^NO \[NONEXISTENT\]/);

  // Who is taken out of the configuration can be given nothing, and shares nothing.
  expect(await acl('set', 'ann', 'Inbox', 'ben', 'lr')).toEqual(done);
  expect(await acl('set', 'cat', 'Inbox', 'ben', 'lr')).toEqual(done);
  await ben.ok('SELECT "Other Users/cat/INBOX"');
  expect((await server.command('config', 'account', 'rm', 'cat')).code).toBe(0);
  expect((await acl('set', 'ann', 'Inbox', 'cat', 'lr')).code).toBe(1);
  expect((await ben.command('FETCH 1 UID')).tagged).toMatch(/^NO \[NONEXISTENT\]/);
  expect(await ben.ok('LIST "" "Other Users/%/%"')).toEqual([`* LIST (\\HasNoChildren) "/" ${name}`]);
});
