import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

const configured = { gone: new Set<string>(), vanishing: { login: '', lookupsLeft: 0 } };
let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture({
    accountForLogin: (login) => {
      const { gone, vanishing } = configured;
      if (login === vanishing.login && vanishing.lookupsLeft-- <= 0) return undefined;
      return /^[a-z-]+$/.test(login) && !gone.has(login) ? login : undefined;
    },
  });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Pair {
  readonly owner: ImapTestClient;
  readonly guest: ImapTestClient;
  /** Of the owner's mailbox Projects, as the guest knows it, quoted. */
  readonly name: string;
}

/** Two accounts of a test's own; the owner has a mailbox with messages, on which the guest has rights. */
async function pair(login: string, rights: string, messages = 0): Promise<Pair> {
  const owner = await server.login(`${login}-owner`);
  const guest = await server.login(`${login}-guest`);
  await owner.ok('CREATE Projects');
  if (rights !== '') await owner.ok(`SETACL Projects ${login}-guest ${rights}`);
  for (let number = 1; number <= messages; number++) {
    await owner.append('Projects', `Subject: ${number}\n\nBody\n`, '(\\Flagged green) "05-Nov-2026 00:00:00 +0000" ');
  }
  return { owner, guest, name: `"Other Users/${login}-owner/Projects"` };
}

const noSuch = 'NO [NONEXISTENT] There is no such mailbox';

describe('LIST of what others share', () => {
  it('has what the user may look up, with levels that lead there as no mailboxes (RFC 4314 §4)', async () => {
    const { owner, guest, name } = await pair('tree', '');
    await owner.ok('CREATE Projects/Open/Deep');
    await owner.ok('CREATE Other');
    await guest.play(`
      C: a LIST "" "Other Users*"
      S: a OK Done
    `);
    await owner.ok('SETACL Projects/Open/Deep tree-guest lr');
    await owner.ok('SETACL Other tree-guest rswi');
    await owner.ok('SETACL INBOX tree-guest l');
    await guest.play(String.raw`
      C: a LIST "" "Other Users*"
      S: * LIST (\Noselect \NonExistent \HasChildren) "/" "Other Users"
      S: * LIST (\Noselect \NonExistent \HasChildren) "/" "Other Users/tree-owner"
      S: * LIST (\HasNoChildren) "/" "Other Users/tree-owner/INBOX"
      S: * LIST (\Noselect \NonExistent \HasChildren) "/" "Other Users/tree-owner/Projects"
      S: * LIST (\Noselect \NonExistent \HasChildren) "/" "Other Users/tree-owner/Projects/Open"
      S: * LIST (\HasNoChildren) "/" "Other Users/tree-owner/Projects/Open/Deep"
      S: a OK Done
      C: b LIST "Other Users/" %
      S: * LIST (\Noselect \NonExistent \HasChildren) "/" "Other Users/tree-owner"
      S: b OK Done
      C: c LIST "" "Other Users/tree-owner/inbox"
      S: c OK Done
      C: d NAMESPACE
      S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
      S: d OK Done
    `);
    expect(await guest.ok('LIST "" %')).toContainEqual(expect.stringMatching(/"Other Users"$/));
    expect(await guest.ok('LIST "" *')).not.toContainEqual(expect.stringContaining('owner/Other"'));
    expect(name).toBe('"Other Users/tree-owner/Projects"');
  });

  it('is answered when an account is removed at any moment of it', async () => {
    const { owner, guest, name } = await pair('vanishing', 'lr', 1);
    await owner.ok('SELECT Projects');
    await owner.ok('STORE 1 +FLAGS (\\Deleted)');
    await owner.ok('SETMETADATA Projects (/shared/comment "seen by all")');
    const list = `LIST "" ${name} RETURN (STATUS (DELETED-STORAGE) METADATA (/shared/comment))`;
    const answers: number[] = [];
    for (let lookups = 0; answers.at(-1) !== 3; lookups++) {
      configured.vanishing = { login: 'vanishing-owner', lookupsLeft: lookups };
      answers.push((await guest.ok(list)).length);
      expect(lookups).toBeLessThan(50);
    }
    configured.vanishing = { login: '', lookupsLeft: 0 };
    // Nothing, the name alone, and all of it.
    expect(new Set(answers)).toEqual(new Set([0, 1, 2, 3]));
  });

  it('knows subscriptions, status, rights and children, and no special use', async () => {
    const { owner, guest, name } = await pair('extended', 'lr', 2);
    await owner.ok('SETACL Sent extended-guest l');
    await guest.ok(`SUBSCRIBE ${name}`);
    await guest.ok('SUBSCRIBE "Other Users/extended-owner/inbox"');
    await guest.play(String.raw`
      C: a LIST "" "Other Users/extended-owner/*" RETURN (SUBSCRIBED CHILDREN SPECIAL-USE MYRIGHTS STATUS (MESSAGES))
      S: * LIST (\HasNoChildren \Subscribed) "/" ${name}
      S: * MYRIGHTS ${name} lr
      S: * STATUS ${name} (MESSAGES 2)
      S: * LIST (\HasNoChildren) "/" "Other Users/extended-owner/Sent"
      S: * MYRIGHTS "Other Users/extended-owner/Sent" l
      S: a OK Done
      C: b LIST (SUBSCRIBED) "" "Other Users/*"
      S: * LIST (\NonExistent \HasNoChildren \Subscribed) "/" "Other Users/extended-owner/INBOX"
      S: * LIST (\HasNoChildren \Subscribed) "/" ${name}
      S: b OK Done
      C: c LSUB "" "Other Users/*"
      S: * LSUB (\NonExistent) "/" "Other Users/extended-owner/INBOX"
      S: * LSUB () "/" ${name}
      S: c OK Done
      C: d UNSUBSCRIBE ${name}
      S: d OK Done
      C: e LSUB "" "Other Users/*"
      S: * LSUB (\NonExistent) "/" "Other Users/extended-owner/INBOX"
      S: e OK Done
      C: f LIST "" INBOX RETURN (MYRIGHTS)
      S: * LIST (\HasNoChildren) "/" "INBOX"
      S: * MYRIGHTS "INBOX" lrswipkxteacd
      S: f OK Done
    `);
  });

  it('leaves a mailbox of the user that has been called like those of others alone', async () => {
    const { guest, name } = await pair('called', 'lr');
    {
      await using account = await server.accounts.open('called-guest');
      await account.mailboxes.create('Other Users/called-owner/Projects');
    }
    await guest.append(name, 'Subject: mine\n\nx\n');
    expect(await guest.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} lrswipkxteacd`]);
    expect((await guest.ok('LIST "" "Other Users/*"')).filter((line) => line.includes('Projects'))).toHaveLength(1);
    await guest.ok(`RENAME ${name} Mine`);
    expect(await guest.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} lr`]);
  });

  it('has no mailboxes of the user: none is made there', async () => {
    const { guest } = await pair('intruder', 'lr');
    for (const command of ['CREATE "Other Users"', 'CREATE "Other Users/mine/x"', 'RENAME Sent "Other Users/Sent"']) {
      expect((await guest.command(command)).tagged).toMatch(/^NO \[NOPERM\]/);
    }
    await guest.ok('CREATE "Other users"');
  });
});

describe('a mailbox that may not be looked up', () => {
  it('is answered like one that is not there, by every command (RFC 4314 §6)', async () => {
    const { guest, name } = await pair('hidden', '', 1);
    await guest.append('INBOX', 'Subject: a\n\nx\n');
    await guest.ok('SELECT INBOX');
    const commands = [
      `SELECT ${name}`,
      `EXAMINE ${name}`,
      `STATUS ${name} (MESSAGES)`,
      `DELETE ${name}`,
      `RENAME ${name} x`,
      `GETQUOTAROOT ${name}`,
      `GETACL ${name}`,
    ];
    for (const command of commands) {
      expect((await guest.command(command)).tagged, command).toBe(noSuch);
      const missing = command.replace('hidden-owner/Projects', 'hidden-owner/Missing');
      expect((await guest.command(missing)).tagged, missing).toBe(noSuch);
      const nobody = command.replace('hidden-owner/Projects', 'nobody/INBOX');
      expect((await guest.command(nobody)).tagged, nobody).toBe(noSuch);
    }
    await guest.ok('SELECT INBOX');
    for (const command of [`COPY 1 ${name}`, `MOVE 1 ${name}`, `APPEND ${name} {1}\r\nx`]) {
      const { tagged } = await guest.command(command);
      expect(tagged, command).toBe('NO [TRYCREATE] There is no such mailbox');
      const missing = await guest.command(command.replace('Projects', 'Missing'));
      expect(missing.tagged).toBe(tagged);
    }
    for (const target of [name, '"Other Users/hidden-owner/x"', '"Other Users/nobody/x"', '"Other Users/x"']) {
      const said = (await guest.command(`CREATE ${target}`)).tagged;
      expect(said, target).toBe('NO [NOPERM] You may not make mailboxes there');
    }
    expect((await guest.command('GETQUOTA "Other Users/hidden-owner"')).tagged).toMatch(/^NO \[NONEXISTENT\]/);
  });

  it('is none of what names with path signs mean', async () => {
    const { guest } = await pair('paths', 'lr');
    for (const owner of ['..', '.', '../paths-owner', 'paths-owner/..', 'PATHS-OWNER', 'paths-guest', '', '*']) {
      const { tagged } = await guest.command(`SELECT "Other Users/${owner}/Projects"`);
      expect(tagged, owner).toBe(noSuch);
    }
  });
});

describe('a shared mailbox', () => {
  it('is read-only for whoever may change nothing, and keeps \\Seen as it is (§4, §5.1.1, §5.2)', async () => {
    const { owner, guest, name } = await pair('reader', 'lr', 1);
    await guest.play(String.raw`
      C: a SELECT ${name}
      S: * FLAGS (\Seen \Answered \Flagged \Deleted \Draft $Forwarded $Junk $NotJunk $Phishing $MDNSent green)
      S: * OK [PERMANENTFLAGS ()] Opened read-only
      S: * 1 EXISTS
      S: * 1 RECENT
      S: * OK [UNSEEN 1] First unseen message
      S: * OK [UIDVALIDITY …] UIDs are valid
      S: * OK [UIDNEXT 2] Next UID
      S: * OK [HIGHESTMODSEQ …] Changes are numbered
      S: * OK [MAILBOXID …] …
      S: * OK [URLMECH INTERNAL] …
      S: a OK [READ-ONLY] Mailbox is open for reading
      C: b FETCH 1 BODY[TEXT]
      S: * 1 FETCH (BODY[TEXT] {6}\r\nBody\r\n)
      S: b OK Done
      C: c FETCH 1 FLAGS
      S: * 1 FETCH (FLAGS (\Flagged \Recent green))
      S: c OK Done
      C: d STORE 1 +FLAGS (\Seen)
      S: d NO [NOPERM] Its owner does not allow that to you
      C: e EXPUNGE
      S: e NO [NOPERM] …
      C: f MOVE 1 INBOX
      S: f NO [NOPERM] …
      C: g SEARCH SUBJECT 1
      S: * SEARCH 1
      S: g OK Done
      C: h SORT (SUBJECT) UTF-8 ALL
      S: * SORT 1
      S: h OK Done
      C: i COPY 1 ${name}
      S: i NO [NOPERM] …
      C: j CLOSE
      S: j OK Done
    `);
    // Who can change nothing has not taken \Recent from those that come after.
    await owner.ok('SELECT Projects');
    expect(await owner.ok('FETCH 1 FLAGS')).toEqual(['* 1 FETCH (FLAGS (\\Flagged \\Recent green))']);
  });

  it.each([
    ['e', '()'],
    ['i', '()'],
    ['s', '(\\Seen)'],
    ['t', '(\\Deleted)'],
    ['w', '(\\Answered \\Flagged \\Draft $Forwarded $Junk $NotJunk $Phishing $MDNSent \\*)'],
  ])('is read-write with "%s", and its PERMANENTFLAGS say what that allows (§5.1.1, §5.2)', async (right, flags) => {
    const { guest, name } = await pair(`write-${right}`, `lr${right}`);
    const { untagged, tagged } = await guest.command(`SELECT ${name}`);
    expect(tagged).toBe('OK [READ-WRITE] Mailbox is open');
    expect(untagged).toContain(`* OK [PERMANENTFLAGS ${flags}] Flags that can be changed`);
    expect((await guest.command(`EXAMINE ${name}`)).tagged).toMatch(/^OK \[READ-ONLY\]/);
  });

  it('takes of a STORE what is allowed, and refuses it only when nothing is (§4)', async () => {
    const { guest, name } = await pair('flags', 'lrs', 1);
    await guest.ok(`SELECT ${name}`);
    await guest.play(String.raw`
      C: a STORE 1 +FLAGS (\Seen \Deleted \Answered)
      S: * 1 FETCH (FLAGS (\Seen \Flagged \Recent green))
      S: a OK Done
      C: b STORE 1 -FLAGS (\Flagged)
      S: b NO [NOPERM] …
      C: c STORE 1 FLAGS (\Deleted)
      S: c NO [NOPERM] …
      C: d STORE 1 FLAGS ()
      S: * 1 FETCH (FLAGS (\Flagged \Recent green))
      S: d OK Done
      C: e FETCH 1 BODY[TEXT]
      S: * 1 FETCH (FLAGS (\Seen \Flagged \Recent green) BODY[TEXT] {6}\r\nBody\r\n)
      S: e OK Done
      C: f STORE 1 +FLAGS (blue)
      S: f NO [NOPERM] …
    `);
  });

  it('is expunged by whoever may, and closed by others without (§4)', async () => {
    const { owner, guest, name } = await pair('expunge', 'lrt', 2);
    await guest.ok(`SELECT ${name}`);
    await guest.play(String.raw`
      C: a STORE 1 +FLAGS.SILENT (\Deleted)
      S: a OK Done
      C: b EXPUNGE
      S: b NO [NOPERM] …
      C: c UID EXPUNGE 1
      S: c NO [NOPERM] …
      C: d CLOSE
      S: d OK Done
      C: e STATUS ${name} (MESSAGES DELETED)
      S: * STATUS ${name} (MESSAGES 2 DELETED 1)
      S: e OK Done
    `);
    await owner.ok('SETACL Projects expunge-guest +e');
    await guest.ok(`SELECT ${name}`);
    await guest.play(`
      C: a EXPUNGE
      S: * 1 EXPUNGE
      S: a OK Done
    `);
    await owner.ok('SELECT Projects');
    expect(await owner.ok('FETCH 1:* UID')).toEqual(['* 1 FETCH (UID 2)']);
  });

  it('takes messages with the flags that are allowed (§4)', async () => {
    const { owner, guest, name } = await pair('append', 'lri');
    const flags = '(\\Seen \\Deleted \\Answered blue)';
    for (const rights of ['lri', 'lris', 'lrit', 'lriw']) {
      await owner.ok(`SETACL Projects append-guest ${rights}`);
      await guest.append(name, 'Subject: a\n\nx\n', `${flags} `);
      await guest.append('INBOX', 'Subject: b\n\nx\n', `${flags} `);
      await guest.ok('SELECT INBOX');
      await guest.ok(`COPY * ${name}`);
    }
    await owner.ok('SELECT Projects');
    expect(await owner.ok('FETCH 1:* FLAGS')).toEqual(
      ['', '', '\\Seen ', '\\Seen ', '\\Deleted ', '\\Deleted ', '\\Answered ', '\\Answered '].map(
        (text, index) => `* ${index + 1} FETCH (FLAGS (${text}\\Recent${index > 5 ? ' blue' : ''}))`,
      ),
    );
    await owner.ok('SETACL Projects append-guest lr');
    expect((await guest.command(`APPEND ${name} {1}\r\nx`)).tagged).toMatch(/^NO \[NOPERM\]/);
    // Within one account of another: the same.
    await owner.ok('CREATE Target');
    await owner.ok('SETACL Target append-guest lis');
    await guest.ok(`SELECT ${name}`);
    await guest.ok('COPY 3,7 "Other Users/append-owner/Target"');
    await owner.ok('SELECT Target');
    expect(await owner.ok('FETCH 1:* FLAGS')).toEqual([
      '* 1 FETCH (FLAGS (\\Seen \\Recent))',
      '* 2 FETCH (FLAGS (\\Recent))',
    ]);
  });

  it('gives and takes messages with bytes, flags and date', async () => {
    const { owner, guest, name } = await pair('transfer', 'lrswite', 3);
    await guest.ok(`SELECT ${name}`);
    await guest.play(`
      C: a COPY 1:2 INBOX
      S: a OK [COPYUID … 1:2 1:2] Copied
      C: b UID MOVE 2:3 INBOX
      S: * OK [COPYUID … 2:3 3:4] Moved
      S: * 2 EXPUNGE
      S: * 2 EXPUNGE
      S: b OK Moved
      C: c COPY 1 nothing
      S: c NO [TRYCREATE] …
    `);
    await guest.ok('SELECT INBOX');
    expect(await guest.ok('FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])')).toEqual(
      [1, 2, 2, 3].map((subject, index) => {
        const text = `Subject: ${subject}\r\n\r\nBody\r\n`;
        const date = '" 5-Nov-2026 00:00:00 +0000"';
        return `* ${index + 1} FETCH (FLAGS (\\Flagged \\Recent green) INTERNALDATE ${date} BODY[] {${text.length}}\r\n${text})`;
      }),
    );
    await guest.ok(`MOVE 4 ${name}`);
    await owner.ok('SELECT Projects');
    expect(await owner.ok('FETCH 1:* (UID FLAGS)')).toEqual([
      '* 1 FETCH (UID 1 FLAGS (\\Flagged green))',
      '* 2 FETCH (UID 4 FLAGS (\\Flagged \\Recent green))',
    ]);
  });

  it('tells what has left before a move failed, also when nothing of others is to be told', async () => {
    const { guest, name } = await pair('part-moved', 'lri');
    {
      await using account = await server.accounts.open('part-moved-owner');
      await account.setQuota(10_240);
    }
    await guest.ok(`APPEND INBOX ${Array.from({ length: 100 }, () => '{14+}\r\nSubject: a\r\n\r\n').join(' ')}`);
    await guest.append('INBOX', `Subject: large\n\n${'x'.repeat(20_000)}\n`);
    await guest.ok('SELECT INBOX');
    await guest.ok('NOTIFY NONE');
    const { untagged, tagged } = await guest.command(`MOVE 1:* ${name}`);
    expect(untagged[0]).toMatch(/^\* OK \[COPYUID \d+ 1:100 1:100\] Moved so far$/);
    expect(untagged.slice(1)).toEqual(Array(100).fill('* 1 EXPUNGE'));
    expect(tagged).toMatch(/^NO \[OVERQUOTA\]/);
    expect(await guest.ok('FETCH 1:* UID')).toEqual(['* 1 FETCH (UID 101)']);
  });

  it("counts against its owner's quota, which whoever may read it can see", async () => {
    const { guest, name } = await pair('quota', 'lri', 1);
    {
      await using account = await server.accounts.open('quota-owner');
      await account.setQuota(2048);
    }
    await guest.play(`
      C: a GETQUOTAROOT ${name}
      S: * QUOTAROOT ${name} "Other Users/quota-owner"
      S: * QUOTA "Other Users/quota-owner" (STORAGE 1 2)
      S: a OK Done
      C: b GETQUOTA "Other Users/quota-owner"
      S: * QUOTA "Other Users/quota-owner" (STORAGE 1 2)
      S: b OK Done
      C: c GETQUOTA "Other Users/nobody"
      S: c NO [NONEXISTENT] …
    `);
    await guest.append('INBOX', `Subject: large\n\n${'x'.repeat(3000)}\n`);
    await guest.ok('SELECT INBOX');
    expect((await guest.command(`COPY 1 ${name}`)).tagged).toMatch(/^NO \[OVERQUOTA\]/);
    expect((await guest.command(`MOVE 1 ${name}`)).tagged).toMatch(/^NO \[OVERQUOTA\]/);
    expect(await guest.ok('FETCH 1 UID')).toHaveLength(1);
    expect(await guest.ok(`STATUS ${name} (MESSAGES)`)).toEqual([`* STATUS ${name} (MESSAGES 1)`]);
  });

  it('has mailboxes made below it, renamed and deleted by whoever may (§4)', async () => {
    const { owner, guest, name } = await pair('tend', 'lr');
    const below = (path: string): string => name.replace('Projects', `Projects/${path}`);
    await guest.play(`
      C: a CREATE ${below('new')}
      S: a NO [NOPERM] You may not make mailboxes there
      C: b DELETE ${name}
      S: b NO [NOPERM] Its owner does not allow that to you
      C: c RENAME ${name} ${below('x')}
      S: c NO [NOPERM] …
    `);
    await owner.ok('SETACL Projects tend-guest lrk');
    await guest.play(`
      C: a CREATE ${below('new/deep')}
      S: a OK [MAILBOXID …] Done
      C: b MYRIGHTS ${below('new/deep')}
      S: * MYRIGHTS ${below('new/deep')} lrkc
      S: b OK Done
      C: c RENAME ${below('new/deep')} ${below('moved')}
      S: c NO [NOPERM] …
      C: d CREATE ${below('sent')} (USE (\\Sent))
      S: d NO [USEATTR] …
      C: e CREATE "Other Users/tend-owner/top"
      S: e NO [NOPERM] …
    `);
    await owner.ok('SETACL Projects/new/deep tend-guest lrx');
    await guest.play(`
      C: a RENAME ${below('new/deep')} mine
      S: a NO [CANNOT] A mailbox cannot go to another account
      C: b RENAME INBOX ${below('inbox')}
      S: b NO [CANNOT] A mailbox cannot go to another account
      C: c RENAME ${below('new/deep')} ${below('moved')}
      S: c OK Done
      C: d SELECT ${below('moved')}
      S: * FLAGS …
      S: * OK [PERMANENTFLAGS ()] …
      S: * 0 EXISTS
      S: * 0 RECENT
      S: * OK [UIDVALIDITY …] …
      S: * OK [UIDNEXT 1] …
      S: * OK [HIGHESTMODSEQ …] …
      S: * OK [MAILBOXID …] …
      S: * OK [URLMECH INTERNAL] …
      S: d OK [READ-ONLY] …
      C: e DELETE ${below('moved')}
      S: * OK [CLOSED] The selected mailbox was deleted
      S: e OK Done
    `);
    const names = (await owner.ok('LIST "" "Projects*"')).map((line) => /"([^"]*)"$/.exec(line)![1]);
    expect(names).toEqual(['Projects', 'Projects/new']);
    await owner.ok('SETACL INBOX tend-guest lrswipkxtea');
    expect((await guest.command(`RENAME "Other Users/tend-owner/INBOX" ${below('all')}`)).tagged).toMatch(
      /^NO \[CANNOT\]/,
    );
    expect((await guest.command('DELETE "Other Users/tend-owner/INBOX"')).tagged).toMatch(/^NO \[CANNOT\]/);
  });

  it('is not renamed with what is below it by whoever may not rename that', async () => {
    const { owner, guest, name } = await pair('below', 'lrxk');
    await owner.ok('CREATE Projects/Open/Secret');
    await owner.ok('DELETEACL Projects/Open/Secret below-guest');
    const moved = name.replace('Projects', 'Projects/Moved');
    const open = name.replace('Projects', 'Projects/Open');
    expect((await guest.command(`RENAME ${open} ${moved}`)).tagged).toMatch(/^NO \[NOPERM\] /);
    expect(await owner.ok('LIST "" Projects/*')).toHaveLength(2);
    await owner.ok('SETACL Projects/Open/Secret below-guest x');
    await guest.ok(`RENAME ${open} ${moved}`);
    expect(await owner.ok('LIST "" Projects/Moved/Secret')).toHaveLength(1);
  });

  it('has its name in UTF-8 for who wants that, and is resynchronised like any other', async () => {
    const { owner, guest } = await pair('utf', 'lrswite', 2);
    await owner.ok('CREATE Projects/&AOQ-rger');
    const utf8 = Buffer.from('ärger').toString('latin1');
    await guest.play(`
      C: a LIST "" "Other Users/utf-owner/Projects/%"
      S: * LIST (\\HasNoChildren) "/" "Other Users/utf-owner/Projects/&AOQ-rger"
      S: a OK Done
      C: b ENABLE IMAP4rev2 QRESYNC
      S: * ENABLED IMAP4rev2 QRESYNC
      S: b OK Done
      C: c EXAMINE "Other Users/utf-owner/Projects/${utf8}"
      S: * FLAGS …
      S: * OK [PERMANENTFLAGS ()] …
      S: * 0 EXISTS
      S: * OK [UIDVALIDITY …] …
      S: * OK [UIDNEXT 1] …
      S: * OK [HIGHESTMODSEQ …] …
      S: * OK [MAILBOXID …] …
      S: * OK [URLMECH INTERNAL] …
      S: * LIST () "/" "Other Users/utf-owner/Projects/${utf8}"
      S: c OK [READ-ONLY] …
    `);
    const selected = await guest.ok('SELECT "Other Users/utf-owner/Projects"');
    const state = (code: string): string => new RegExp(`\\[${code} (\\d+)\\]`).exec(selected.join('\n'))![1]!;
    const [uidValidity, modseq] = [state('UIDVALIDITY'), state('HIGHESTMODSEQ')];
    await guest.ok('UNSELECT');
    await owner.ok('SELECT Projects');
    await owner.ok('STORE 1 +FLAGS (\\Deleted)');
    await owner.ok('EXPUNGE');
    await owner.ok('STORE 1 -FLAGS (green)');
    const again = await guest.ok(`SELECT "Other Users/utf-owner/Projects" (QRESYNC (${uidValidity} ${modseq}))`);
    expect(again).toContain('* VANISHED (EARLIER) 1');
    expect(again.at(-1)).toMatch(/^\* 1 FETCH \(UID 2 FLAGS \(\\Flagged\) MODSEQ \(\d+\)\)$/);
  });

  it('tells what others do while it is selected, and to IDLE', async () => {
    const { owner, guest, name } = await pair('idle', 'lr', 1);
    await guest.ok(`SELECT ${name}`);
    await owner.append('Projects', 'Subject: 2\n\nx\n');
    await guest.play(`
      C: a NOOP
      S: * 2 EXISTS
      S: * 2 RECENT
      S: a OK Done
      C: b IDLE
      S: + idling
    `);
    await owner.ok('SELECT Projects');
    await owner.ok('STORE 1 +FLAGS (\\Seen)');
    await guest.expect('* 1 FETCH (UID 1 FLAGS (\\Seen \\Flagged \\Recent green))');
    await owner.ok('STORE 2 +FLAGS (\\Deleted)');
    await guest.expect('* 2 FETCH (UID 2 FLAGS (\\Deleted \\Recent))');
    await owner.ok('EXPUNGE');
    await guest.play(`
      S: * 2 EXPUNGE
      C: DONE
      S: b OK Done
    `);
  });

  it('is closed to commands after its rights are revoked, and open again when they are back (§5.1.1)', async () => {
    const { owner, guest, name } = await pair('revoke', 'lrsw', 1);
    await guest.ok(`SELECT ${name}`);
    await owner.ok('SETACL Projects revoke-guest -w');
    await guest.play(String.raw`
      C: a STORE 1 +FLAGS (\Answered)
      S: * FLAGS (…)
      S: * OK [PERMANENTFLAGS (\Seen)] Flags that can be changed
      S: a NO [NOPERM] …
      C: b STORE 1 +FLAGS (\Seen)
      S: * 1 FETCH (FLAGS (\Seen \Flagged \Recent green))
      S: b OK Done
    `);
    await owner.ok('SETACL Projects revoke-guest l');
    await owner.append('Projects', 'Subject: secret\n\nx\n');
    await guest.play(`
      C: a FETCH 1 FLAGS
      S: a NO [NOPERM] Its owner does not allow that to you
      C: b NOOP
      S: b OK Done
      C: c UID SEARCH ALL
      S: c NO [NOPERM] …
      C: d COPY 1 INBOX
      S: d NO [NOPERM] …
      C: e IDLE
      S: + idling
    `);
    await owner.append('Projects', 'Subject: more\n\nx\n');
    guest.send('DONE\r\n');
    await guest.expect('e OK Done');
    await owner.ok('SETACL Projects revoke-guest lr');
    await guest.play(`
      C: a NOOP
      S: * 3 EXISTS
      S: * 3 RECENT
      S: a OK Done
    `);
    await owner.ok('DELETEACL Projects revoke-guest');
    await guest.play(`
      C: a FETCH 1 FLAGS
      S: a NO [NONEXISTENT] …
      C: b CLOSE
      S: b OK Done
      C: c SELECT ${name}
      S: c ${noSuch}
    `);
  });

  it('is searched by ESEARCH while it is selected, though it may not be looked up', async () => {
    const { guest, name } = await pair('unlisted', 'r', 2);
    await guest.ok(`SELECT ${name}`);
    for (const search of ['ESEARCH ALL', 'ESEARCH IN (selected inboxes) RETURN (ALL) ALL']) {
      expect(await guest.ok(search), search).toEqual([
        expect.stringMatching(
          /^\* ESEARCH \(TAG "\S+" MAILBOX "Other Users\/unlisted-owner\/Projects" UIDVALIDITY \d+\) UID ALL 1:2$/,
        ),
      ]);
    }
    expect(await guest.ok(`ESEARCH IN (mailboxes ${name}) ALL`)).toEqual([]);
  });

  it('gives nothing to CATENATE when it may not be read any more, and is no mailbox to be made then', async () => {
    const { owner, guest, name } = await pair('catenate', 'r', 1);
    await guest.ok(`SELECT ${name}`);
    await owner.ok('DELETEACL Projects catenate-guest');
    expect((await guest.command('APPEND INBOX CATENATE (URL ";UID=1")')).tagged).toMatch(/^NO \[BADURL ;UID=1\] /);
  });

  it('takes no message whose bytes come after the right to add it is revoked (§5.1.1)', async () => {
    const { owner, guest, name } = await pair('slow', 'lrswite', 1);
    await guest.ok(`SELECT ${name}`);
    await guest.play(`
      C: a APPEND ${name} (\\Seen) {14}
      S: + …
    `);
    await owner.ok('SETACL Projects slow-guest -s');
    guest.send('Subject: x\r\n\r\n\r\n');
    await guest.expect('* 2 EXISTS');
    await guest.expect('* 2 RECENT');
    await guest.expect('a OK [APPENDUID …');
    expect((await guest.ok('FETCH 2 FLAGS')).at(-1)).toBe('* 2 FETCH (FLAGS (\\Recent))');
    await guest.play(`
      C: b REPLACE 2 ${name} {14}
      S: + …
    `);
    await owner.ok('SETACL Projects slow-guest -t');
    guest.send('Subject: y\r\n\r\n\r\n');
    await guest.expect('* FLAGS (…');
    await guest.expect('* OK [PERMANENTFLAGS …');
    await guest.expect('b NO [NOPERM] …');
    await guest.play(`
      C: c APPEND ${name} {14}
      S: + …
    `);
    await owner.ok('SETACL Projects slow-guest -i');
    guest.send('Subject: z\r\n\r\n\r\n');
    await guest.expect('c NO [NOPERM] …');
    expect((await guest.ok(`STATUS ${name} (MESSAGES UIDNEXT)`)).at(-1)).toMatch(/\(MESSAGES 2 UIDNEXT 3\)$/);
  });

  it('keeps no file for whoever may not read it any more', async () => {
    const { owner, guest, name } = await pair('holder', 'r', 1);
    await guest.ok(`SELECT ${name}`);
    await using account = await server.accounts.open('holder-owner');
    const [row] = await account.read(async (reader) => {
      const mailbox = await reader.mailboxes.named('Projects');
      return await reader.messages.rendered(mailbox!.id, [1]);
    });
    await owner.ok('SELECT Projects');
    await owner.ok('STORE 1 +FLAGS (\\Deleted)');
    await owner.ok('DELETEACL Projects holder-guest');
    await owner.ok('EXPUNGE');
    await owner.ok('CLOSE');
    await guest.ok('NOOP');
    const isThere = async (): Promise<boolean> =>
      await account.contents.read(row!).then(
        () => true,
        () => false,
      );
    await expect.poll(isThere, { timeout: 5000 }).toBe(false);
    await owner.ok('SETACL Projects holder-guest r');
    await guest.play(`
      C: a FETCH 1 BODY[]
      S: a NO [EXPUNGEISSUED] …
      C: b NOOP
      S: * 1 EXPUNGE
      S: b OK Done
    `);
  });

  it('is no more when its account is taken out of the configuration', async () => {
    const { guest, name } = await pair('leaver', 'lrsw', 1);
    await guest.ok(`SELECT ${name}`);
    configured.gone.add('leaver-owner');
    expect((await guest.command('FETCH 1 FLAGS')).tagged).toBe(noSuch);
    await guest.ok('UNSELECT');
    expect((await guest.command(`SELECT ${name}`)).tagged).toBe(noSuch);
    expect(await guest.ok('LIST "" "Other Users*"')).toEqual([]);
    configured.gone.delete('leaver-owner');
    await guest.ok(`SELECT ${name}`);
  });
});
