import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMail } from './make-mail.ts';
import { awaitMail, openImap, type Reader } from './read-mail.ts';
import { runPeerOk } from './run-peer.ts';
import { type Localserve, me, ports, startLocalserve } from './start-localserve.ts';

let server: Localserve;
let reader: Reader;
let directory: string;

beforeAll(async () => {
  server = await startLocalserve();
  directory = await mkdtemp(join(tmpdir(), 'restante-peers-'));
  reader = { host: server.address, port: ports.imap, user: me.address, password: me.password };
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
});

describe.each([
  { way: 'plain', secure: 'no', imap: `imap://%:${ports.imap}/`, smtp: `smtp://%:${ports.submission}/`, auth: 'login' },
  {
    way: 'starttls',
    secure: 'yes',
    imap: `imap://%:${ports.imap}/`,
    smtp: `smtp://%:${ports.submission}/`,
    auth: undefined,
  },
  {
    way: 'tls',
    secure: 'yes',
    imap: `imaps://%:${ports.imaps}/`,
    smtp: `smtps://%:${ports.submissions}/`,
    auth: 'plain',
  },
])('neomutt over $way', ({ way, secure, imap, smtp, auth }) => {
  const configure = async (...more: string[]): Promise<string> => {
    const config = join(directory, `muttrc-${way}`);
    const at = (url: string, login = ''): string => url.replace('%', `${login}${server.address}`);
    const lines = [
      `imap_user="${me.address}"`,
      `imap_pass="${me.password}"`,
      `folder="${at(imap)}"`,
      'spool_file="+INBOX"',
      `smtp_url="${at(smtp, `${me.address.replace('@', '%40')}@`)}"`,
      `smtp_pass="${me.password}"`,
      `from="${me.address}"`,
      `ssl_starttls=${secure}`,
      `ssl_force_tls=${secure}`,
      // The certificate is for localhost, which is not where this server is.
      'ssl_verify_host=no',
      `certificate_file="${server.certificateFile}"`,
      'use_8bit_mime=yes',
      'confirm_append=no',
      'confirm_create=no',
      'delete=yes',
      'quit=yes',
      'mark_old=no',
      'wait_key=no',
      'pipe_decode=no',
      'send_charset="utf-8"',
      ...(auth === undefined ? [] : [`imap_authenticators="${auth}"`]),
      // It fails at SCRAM with channel binding, and tries nothing else then.
      `smtp_authenticators="${auth ?? 'plain'}"`,
      ...more,
    ];
    await writeFile(config, lines.map((line) => `set ${line}\n`).join(''));
    return config;
  };

  /** Presses keys; `script` gives it the terminal that it wants. */
  const press = async (config: string, mailbox: string, keys: string): Promise<string> => {
    const command = `neomutt -n -F ${config} -f +${mailbox} -e 'push "${keys}"'`;
    return await runPeerOk('script', ['-qec', command, '/dev/null'], { env: { TERM: 'xterm', HOME: directory } });
  };

  it('fetches, flags, copies, moves, deletes and expunges', async () => {
    const mailbox = `mutt-${way}`;
    await using client = await openImap(reader);
    await client.mailboxCreate(mailbox);
    const mails = [makeMail(), makeMail({ eightBit: true }), makeMail({ bodyBytes: 300_000 }), makeMail()];
    for (const { bytes } of mails) await client.append(mailbox, bytes);
    const file = join(directory, `piped-${way}`);
    const pick = (at: number): string => `<limit>~s ${mails[at].subject}<enter>`;
    await press(
      await configure(),
      mailbox,
      `${pick(1)}<pipe-message>cat > ${file}<enter>` +
        `${pick(0)}<flag-message>${pick(1)}<copy-message>+Archive<enter>` +
        `${pick(2)}<save-message>+new-${way}<enter>${pick(3)}<delete-message><limit>~A<enter><sync-mailbox><exit>`,
    );
    expect(await readFile(file, 'latin1')).toBe(mails[1].bytes.toString('latin1').replaceAll('\r\n', '\n'));
    await client.mailboxOpen(mailbox);
    const left = await client.fetchAll('1:*', { uid: true, flags: true });
    expect(left.map(({ uid, flags }) => [uid, [...(flags ?? [])].sort()])).toEqual([
      [1, ['\\Flagged']],
      [2, []],
    ]);
    expect((await awaitMail(reader, mails[1].subject, 'Archive')).equals(mails[1].bytes)).toBe(true);
    expect((await awaitMail(reader, mails[2].subject, `new-${way}`)).equals(mails[2].bytes)).toBe(true);
  });

  it('lists the mailboxes', async () => {
    // The browser shows them; the screen is what comes out.
    const screen = await press(
      await configure('imap_check_subscribed=yes'),
      'INBOX',
      '<change-folder>?<check-new><refresh><exit><exit>',
    );
    for (const name of ['Archive', 'Drafts', 'INBOX', 'Sent', 'Trash']) expect(screen).toContain(name);
  });

  it('sends', async () => {
    const subject = `mutt-${randomBytes(8).toString('hex')}`;
    await runPeerOk(
      'neomutt',
      ['-n', '-F', await configure('dsn_notify="failure"'), '-s', subject, 'you@peer.example'],
      {
        input: 'Grüße aus Köln\n.\n',
        env: { HOME: directory },
      },
    );
    const mail = (await awaitMail(reader, subject)).toString();
    expect(mail).toContain('To: you@peer.example\r\n');
    expect(mail).toContain('\r\n\r\nGrüße aus Köln\r\n.\r\n');
  });
});
