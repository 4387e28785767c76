import { beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../tests/harness/imap-fixture.ts';

// What mail programs send, in their order and spelling: docs/clients.md says where each is known from. Those that Debian carries are
// run themselves, in tests/peers.

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
  return () => server[Symbol.asyncDispose]();
});

const message = `Date: Fri, 27 Nov 2026 10:00:00 +0000
From: A <a@example.org>
To: me@example.org
Subject: Hello
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

Plain
--b
Content-Type: text/html

<p>HTML</p>
--b--
`;

/** A client with two messages in its Inbox. */
async function prepared(login: string): Promise<ImapTestClient> {
  const client = await server.login(login);
  await client.append('INBOX', message);
  await client.append('INBOX', message, '(\\Seen) ');
  return await server.connect();
}

describe('Thunderbird', () => {
  it('finds its folders, headers and bodies, in lower case and by UID', async () => {
    const client = await prepared('thunderbird');
    await client.ok('capability');
    await client.ok('authenticate PLAIN AHRodW5kZXJiaXJkAHNlY3JldA==');
    await client.ok('ID ("name" "Thunderbird" "version" "128.4.0")');
    expect(await client.ok('namespace')).toEqual(['* NAMESPACE (("" "/")) (("Other Users/" "/")) NIL']);
    const folders = await client.ok('list (subscribed) "" "*" return (special-use)');
    expect(folders).toContain('* LIST (\\HasNoChildren \\Subscribed \\Sent) "/" "Sent"');
    // A folder that it reads \NonExistent of can't be used.
    expect(folders.join()).not.toContain('\\NonExistent');
    expect(await client.ok('list "" "INBOX"')).toEqual(['* LIST (\\HasNoChildren) "/" "INBOX"']);
    const selected = (await client.ok('select "INBOX" (CONDSTORE)')).join('\n');
    // Keywords of its own need this.
    expect(selected).toMatch(/PERMANENTFLAGS \(.*\\\*\)/);
    const modseq = /HIGHESTMODSEQ (\d+)/.exec(selected)?.[1];
    await client.ok('getquotaroot "INBOX"');
    expect(await client.ok('UID fetch 1:* (FLAGS)')).toHaveLength(2);
    const [headers] = await client.ok(
      'UID fetch 1:2 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])',
    );
    expect(headers).toMatch(
      /^\* 1 FETCH \(UID 1 RFC822\.SIZE \d+ FLAGS \(\\Recent\) BODY\[HEADER\.FIELDS \(From To .*Subject: Hello\r\n/s,
    );
    await client.ok('UID fetch 1 (BODYSTRUCTURE)');
    await client.ok('UID fetch 1 (BODY.PEEK[HEADER] BODY.PEEK[1.MIME] BODY.PEEK[1] BODY.PEEK[2.MIME] BODY.PEEK[2])');
    // In pieces, of which the last is short.
    const size = message.replaceAll('\n', '\r\n').length;
    let whole = '';
    for (let at = 0; at < size; at += 100) {
      const [piece] = await client.ok(`UID fetch 1 (UID RFC822.SIZE BODY.PEEK[]<${at}.100>)`);
      const [, origin, length, bytes] = /BODY\[\]<(\d+)> \{(\d+)\}\r\n([\s\S]*)\)$/.exec(piece) ?? [];
      expect([Number(origin), Number(length)]).toEqual([at, Math.min(100, size - at)]);
      whole += bytes;
    }
    expect(whole).toBe(message.replaceAll('\n', '\r\n'));
    expect((await client.ok('uid store 1 +Flags (\\Seen)')).at(-1)).toMatch(/FLAGS \(\\Seen \\Recent\) MODSEQ/);
    await client.ok('uid store 1 +FLAGS ($label1 NonJunk)');
    await client.ok('uid store 1 -FLAGS (Junk)');
    expect(await client.ok(`UID fetch 1:* (FLAGS) (CHANGEDSINCE ${modseq})`)).toHaveLength(1);
    const sent = message.replaceAll('\n', '\r\n');
    expect((await client.command(`append "Sent" (\\Seen) {${sent.length}+}\r\n${sent}`)).tagged).toMatch(/APPENDUID/);
    expect((await client.ok('uid move 2 "Archive"'))[0]).toMatch(/^\* OK \[COPYUID \d+ 2 1\]/);
    await client.ok('close');
  });
});

describe('Apple Mail', () => {
  it('sends several commands at once, with dots in the tags, and CHANGEDSINCE 0', async () => {
    const client = await prepared('apple');
    await client.play(String.raw`
      C: 1.2 ID ("name" "Mac OS X Mail" "version" "16.0 (3774.600.62)" "os" "Mac OS X" "os-version" "14.5" "vendor" "Apple Inc.")
      S: * ID …
      S: 1.2 OK …
      C: 2.2 AUTHENTICATE PLAIN AGFwcGxlAHNlY3JldA==
      S: 2.2 OK [CAPABILITY … APPENDLIMIT=… COMPRESS=DEFLATE] …
      C: 3.2 LIST "" "*" RETURN (SPECIAL-USE)
      C: 4.2 SELECT INBOX (CONDSTORE)
      C: 5.2 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE 0)
      C: 6.2 FETCH 1:2 (INTERNALDATE UID RFC822.SIZE FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier list-id list-unsubscribe)])
      C: 7.2 UID FETCH 1 (BODYSTRUCTURE BODY.PEEK[HEADER])
      C: 8.2 UID SEARCH RETURN (ALL) NOT DELETED SINCE 1-Nov-2020
      C: 9.2 STATUS Sent (MESSAGES UNSEEN UIDNEXT UIDVALIDITY HIGHESTMODSEQ)
      C: 10.2 UID STORE 1 +FLAGS.SILENT (\Seen $NotJunk NotJunk)
      C: 11.2 UID STORE 1 -FLAGS.SILENT ($Junk Junk JunkRecorded)
    `);
    const heard: string[] = [];
    while (!heard.at(-1)?.startsWith('11.2 ')) heard.push(await client.line());
    const tagged = heard.filter((line) => /^\d/.test(line)).map((line) => line.slice(0, line.indexOf(' ') + 3));
    expect(tagged).toEqual(Array.from({ length: 9 }, (_, at) => `${at + 3}.2 OK`));
    expect(heard).toContainEqual(
      expect.stringMatching(/^\* 2 FETCH \(UID 2 FLAGS \(\\Seen \\Recent\) MODSEQ \(\d+\)\)$/),
    );
    expect(heard).toContainEqual('* ESEARCH (TAG "8.2") UID ALL 1:2');
    expect(heard).toContainEqual(expect.stringMatching(/^\* 1 FETCH \(UID 1 MODSEQ \(\d+\)\)$/));
  });
});

describe('Outlook', () => {
  it('asks for all there is, makes its folders, and deletes by flag and EXPUNGE', async () => {
    const client = await prepared('outlook');
    await client.play(String.raw`
      C: a000 LOGIN outlook "secret"
      S: a000 OK …
      C: a001 LIST "" ""
      S: * LIST (\Noselect) "/" ""
      S: a001 OK …
      C: a002 CREATE "Sent Items"
      S: a002 OK …
      C: a003 SUBSCRIBE "Sent Items"
      S: a003 OK …
      C: a004 LSUB "" "Sent%"
      S: * LSUB () "/" "Sent"
      S: * LSUB () "/" "Sent Items"
      S: a004 OK …
    `);
    await client.ok('SELECT "INBOX"');
    await client.play(String.raw`
      C: a006 UID FETCH 1:* (UID FLAGS)
      S: * 1 FETCH (UID 1 FLAGS (\Recent))
      S: * 2 FETCH (UID 2 FLAGS (\Seen \Recent))
      S: a006 OK …
      C: a007 UID FETCH 1 (UID RFC822.SIZE RFC822.HEADER FLAGS)
      S: * 1 FETCH (UID 1 RFC822.SIZE … RFC822.HEADER {…}…FLAGS (\Recent))
      S: a007 OK …
      C: a008 UID FETCH 2 (BODY.PEEK[] UID)
      S: * 2 FETCH (BODY[] {…}…UID 2)
      S: a008 OK …
      C: a009 UID STORE 1 +FLAGS (\Deleted \Seen)
      S: * 1 FETCH (UID 1 FLAGS (\Seen \Deleted \Recent))
      S: a009 OK …
      C: a010 EXPUNGE
      S: * 1 EXPUNGE
      S: a010 OK …
      C: a011 IDLE
      S: + idling
      C: DONE
      S: a011 OK …
    `);
    const { tagged } = await client.command(
      'APPEND "Sent Items" (\\Seen) "27-Nov-2026 10:00:00 +0000" {12}\r\nSubject: x\r\n',
    );
    expect(tagged).toMatch(/^OK \[APPENDUID/);
  });
});

describe('K-9 Mail and Thunderbird for Android', () => {
  it('look for the newest by number, from above, and read parts', async () => {
    const client = await prepared('k9');
    await client.ok('AUTHENTICATE PLAIN AGs5AHNlY3JldA==');
    await client.ok('COMPRESS DEFLATE');
    client.deflate();
    await client.ok('NAMESPACE');
    expect(await client.ok('LIST "" "*" RETURN (SPECIAL-USE)')).toContain(
      '* LIST (\\HasNoChildren \\Trash) "/" "Trash"',
    );
    await client.ok('SELECT "INBOX"');
    expect(await client.ok('UID SEARCH 2:1 NOT DELETED')).toEqual(['* SEARCH 1 2']);
    expect(await client.ok('UID SEARCH 1:* NOT DELETED')).toEqual(['* SEARCH 1 2']);
    await client.ok(
      'UID FETCH 1,2 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (date subject from content-type to cc reply-to message-id references in-reply-to list-unsubscribe sender X-K9mail-Identity Chat-Version)])',
    );
    expect((await client.ok('UID FETCH 1 (UID BODYSTRUCTURE)'))[0]).toMatch(/"alternative"/);
    expect((await client.ok('UID FETCH 1 (UID BODY.PEEK[2])'))[0]).toContain('<p>HTML</p>');
    expect((await client.ok('UID FETCH 1 (UID BODY.PEEK[]<0.32768>)'))[0]).toContain('BODY[]<0> {');
    await client.ok('UID STORE 1 +FLAGS.SILENT (\\Seen)');
    await client.ok('UID MOVE 1 "Trash"');
    await client.ok('UID EXPUNGE 2');
    const { tagged } = await client.command('UID SEARCH HEADER MESSAGE-ID "<1@example.org>"');
    expect(tagged).toMatch(/^OK/);
  });
});

describe('imapsync', () => {
  it('compares headers, and adds what is missing with its date and flags', async () => {
    const client = await prepared('imapsync');
    await client.ok('LOGIN "imapsync" "secret"');
    await client.ok('CAPABILITY');
    await client.ok('NAMESPACE');
    expect((await client.ok('LIST "" *')).length).toBeGreaterThan(3);
    await client.ok('LSUB "" *');
    const [status] = await client.ok('STATUS INBOX (MESSAGES)');
    expect(status).toBe('* STATUS "INBOX" (MESSAGES 2)');
    const flags = await client.ok('EXAMINE INBOX');
    // What it may set: it leaves out all that is not named here, unless there is `\*`.
    expect(flags.join('\n')).toContain('[PERMANENTFLAGS ()]');
    expect((await client.ok('SELECT INBOX')).join('\n')).toMatch(/\[PERMANENTFLAGS \(\\Seen .*\\\*\)\]/);
    expect(await client.ok('UID SEARCH ALL')).toEqual(['* SEARCH 1 2']);
    const [line] = await client.ok(
      'UID FETCH 1,2 (UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID RECEIVED)])',
    );
    expect(line).toContain('Message-ID: <1@example.org>\r\n');
    await client.ok('CREATE "INBOX/Old mail"');
    const { tagged } = await client.command(
      'APPEND "INBOX/Old mail" (\\Seen NonJunk $Forwarded) "29-Feb-2004 23:59:59 +0100" {12}\r\nSubject: x\r\n',
    );
    expect(tagged).toMatch(/^OK \[APPENDUID \d+ 1\]/);
    await client.ok('SELECT "INBOX/Old mail"');
    expect((await client.ok('UID FETCH 1 (INTERNALDATE)'))[0]).toContain('"29-Feb-2004 22:59:59 +0000"');
    await client.ok('UID STORE 1 FLAGS.SILENT (\\Seen \\Flagged)');
  });
});

describe('programs that poll', () => {
  it('read \\Recent and UNSEEN away, and are told once that nothing is new', async () => {
    const client = await prepared('poll');
    await client.ok('LOGIN poll secret');
    await client.ok('SELECT "INBOX"');
    await client.play(String.raw`
      C: a SEARCH UNSEEN
      S: * SEARCH 1
      S: a OK …
      C: b FETCH 1:2 RFC822.SIZE
      S: * 1 FETCH (RFC822.SIZE …)
      S: * 2 FETCH (RFC822.SIZE …)
      S: b OK …
      C: c FETCH 1 RFC822
      S: * 1 FETCH (FLAGS (\Seen \Recent) RFC822 {…}…)
      S: c OK …
      C: d STORE 1 +FLAGS (\Seen \Recent)
      S: d BAD …
      C: e SEARCH RECENT
      S: * SEARCH 1 2
      S: e OK …
      C: f CHECK
      S: f OK …
    `);
  });
});
