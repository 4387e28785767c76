import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMail } from './make-mail.ts';
import { runPeer, runPeerOk } from './run-peer.ts';
import { type Localserve, me, ports, startLocalserve } from './start-localserve.ts';

let server: Localserve;
let directory: string;

beforeAll(async () => {
  server = await startLocalserve();
  directory = await mkdtemp(join(tmpdir(), 'restante-peers-'));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

describe.each([
  { way: 'plain IMAP', scheme: 'imap', port: ports.imap, secure: false },
  { way: 'IMAP with STARTTLS', scheme: 'imap', port: ports.imap, secure: true },
  { way: 'IMAPS', scheme: 'imaps', port: ports.imaps, secure: true },
])('curl over $way', ({ way, scheme, port, secure }) => {
  const mailbox = way.replaceAll(' ', '');
  const optionsFor = (path: string, password: string): string[] => [
    ...['--silent', '--show-error', '--url', `${scheme}://localhost:${port}/${path}`],
    ...['--user', `${me.address}:${password}`, '--connect-to', `localhost:${port}:${server.address}:${port}`],
    ...(secure ? ['--ssl-reqd', '--cacert', server.certificateFile] : []),
  ];
  const curl = (path: string, ...more: string[]) => runPeerOk('curl', [...optionsFor(path, me.password), ...more]);
  const request = (path: string, command: string) => curl(path, '--request', command);

  it('logs in with PLAIN and LOGIN, and not with a wrong password', async () => {
    for (const login of ['AUTH=PLAIN', 'AUTH=LOGIN']) {
      expect(await curl('', '--login-options', login, '--request', 'NOOP'), login).toBe('');
    }
    expect((await runPeer('curl', optionsFor('', 'wrong'))).code).toBe(67);
  });

  it('lists, creates, appends, fetches, searches, flags, moves, copies and expunges', async () => {
    expect(await curl('')).toContain('* LIST (\\HasNoChildren \\Sent) "/" "Sent"\r\n');
    await request('', `CREATE ${mailbox}`);
    const mails = [makeMail(), makeMail({ eightBit: true }), makeMail({ bodyBytes: 3_000_000 })];
    for (const { bytes } of mails) {
      const file = join(directory, 'append.eml');
      await writeFile(file, bytes);
      await curl(mailbox, '--upload-file', file);
    }
    // Fetched, they are the same bytes.
    for (const [at, { bytes }] of mails.entries()) {
      expect(await curl(`${mailbox};MAILINDEX=${at + 1}`)).toBe(bytes.toString('latin1'));
      expect(await curl(`${mailbox};UID=${at + 1}`)).toBe(bytes.toString('latin1'));
    }
    expect(await curl(`${mailbox};UID=2;SECTION=TEXT`)).toBe(
      mails[1].bytes.toString('latin1').split(/\r\n\r\n(.*)/s)[1],
    );
    expect(await curl(`${mailbox};UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)`)).toBe(
      `Subject: ${mails[0].subject}\r\n\r\n`,
    );
    expect(await curl(`${mailbox}?SUBJECT%20${mails[2].subject}`)).toBe('* SEARCH 3\r\n');
    expect(await request('', `STATUS ${mailbox} (MESSAGES UIDNEXT UNSEEN)`)).toBe(
      `* STATUS "${mailbox}" (MESSAGES 3 UIDNEXT 4 UNSEEN 0)\r\n`,
    );
    expect(await request(mailbox, 'STORE 1 +FLAGS (\\Flagged $Work)')).toMatch(/^\* 1 FETCH \(.*FLAGS \(.*\\Flagged/);
    expect(await request(mailbox, 'FETCH 1:* (UID FLAGS RFC822.SIZE)')).toContain('UID 3');
    await request(mailbox, 'UID COPY 1 Archive');
    expect(await request('Archive', `UID SEARCH SUBJECT ${mails[0].subject} KEYWORD $Work`)).toMatch(
      /^\* SEARCH \d+\r\n$/,
    );
    expect(await request(mailbox, 'UID MOVE 2 Trash')).toContain('* 2 EXPUNGE\r\n');
    await request(mailbox, 'STORE 2 +FLAGS (\\Deleted)');
    expect(await request(mailbox, 'EXPUNGE')).toMatch(/\* 2 EXPUNGE\r\n/);
    expect(await request(mailbox, 'UID SEARCH ALL')).toBe('* SEARCH 1\r\n');
    await request('', `DELETE ${mailbox}`);
    expect(await curl('')).not.toContain(mailbox);
  });
});
