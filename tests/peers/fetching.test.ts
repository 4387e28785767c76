import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMail } from './make-mail.ts';
import { openImap, type Reader } from './read-mail.ts';
import { runPeer, runPeerOk } from './run-peer.ts';
import { readServerState } from './server-state.ts';
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
  { way: 'plain', options: 'sslproto ""', port: ports.imap },
  { way: 'STARTTLS', options: 'sslproto "TLS1.2+" no sslcertck', port: ports.imap },
  { way: 'TLS', options: 'ssl no sslcertck', port: ports.imaps },
])('fetchmail over $way', ({ way, options, port }) => {
  it('fetches what is new, keeps it or takes it away, and finds nothing then', async () => {
    const folder = `fetch-${way}`;
    await using client = await openImap(reader);
    await client.mailboxCreate(folder);
    const mails = [makeMail(), makeMail({ eightBit: true }), makeMail({ bodyBytes: 200_000 })];
    for (const { bytes } of mails) await client.append(folder, bytes);
    const config = join(directory, `fetchmailrc-${way}`);
    const fetched = join(directory, `fetched-${way}`);
    const write = async (keep: string): Promise<void> => {
      await writeFile(
        config,
        `poll ${server.address} service ${port} protocol IMAP auth password
  username "${me.address}" password "${me.password}" folder "${folder}" ${keep} ${options}
  mda "cat >> ${fetched}"
`,
      );
      await chmod(config, 0o600);
    };
    const run = (): ReturnType<typeof runPeer> =>
      runPeer('fetchmail', ['-f', config, '--nosyslog', '-v'], { env: { HOME: directory, FETCHMAILHOME: directory } });
    await write('keep');
    const first = await run();
    expect(first.code, first.stdout + first.stderr).toBe(0);
    const text = await readFile(fetched, 'latin1');
    for (const { subject, bytes } of mails) {
      expect(text).toContain(`Subject: ${subject}\n`);
      const body = bytes.toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n').replaceAll('\r\n', '\n');
      expect(text).toContain(body);
    }
    // 1: there was no new mail.
    expect((await run()).code).toBe(1);
    await write('nokeep fetchall');
    expect((await run()).code).toBe(0);
    expect(await client.status(folder, { messages: true })).toMatchObject({ messages: 0 });
  });
});

describe('offlineimap', () => {
  it('makes both ends the same, and then changes nothing', async () => {
    const mail = join(directory, 'offline');
    await mkdir(mail);
    const config = join(directory, 'offlineimaprc');
    await writeFile(
      config,
      `[general]
accounts = test
metadata = ${join(directory, 'offline-state')}
[Account test]
localrepository = local
remoterepository = remote
[Repository local]
type = Maildir
localfolders = ${mail}
[Repository remote]
type = IMAP
remotehost = ${server.address}
remoteport = ${ports.imap}
remoteuser = ${me.address}
remotepass = ${me.password}
ssl = no
starttls = no
expunge = yes
`,
    );
    const sync = (): Promise<string> =>
      runPeerOk('offlineimap', ['-o', '-c', config, '-u', 'basic'], { env: { HOME: directory } });
    const files = async (folder: string): Promise<string[]> => {
      const found: string[] = [];
      for (const part of ['cur', 'new']) {
        for (const name of await readdir(join(mail, folder, part))) found.push(join(mail, folder, part, name));
      }
      return found;
    };
    const bySubject = async (folder: string, subject: string): Promise<string> => {
      for (const path of await files(folder)) {
        if ((await readFile(path, 'latin1')).includes(`Subject: ${subject}\n`)) return path;
      }
      throw new Error(`${folder} has no message "${subject}"`);
    };

    await using client = await openImap(reader);
    const mails = Array.from({ length: 4 }, (_, at) => makeMail({ eightBit: at === 1 }));
    await client.mailboxCreate('Projects/Käse');
    for (const { bytes } of mails) await client.append('INBOX', bytes);
    await client.append('Projects/Käse', mails[0].bytes, ['\\Flagged', '\\Answered']);
    await sync();
    expect(await files('INBOX')).toHaveLength(4);
    expect(await bySubject('Projects.K&AOQ-se', mails[0].subject)).toMatch(/:2,FR$/);
    const body = (text: string): string => text.split('\n\n').slice(1).join('\n\n');
    const stored = await readFile(await bySubject('INBOX', mails[1].subject), 'latin1');
    expect(body(stored)).toBe(body(mails[1].bytes.toString('latin1').replaceAll('\r\n', '\n')));

    // Flags and a deletion at each end, and a message from here.
    await client.mailboxOpen('INBOX');
    await client.messageFlagsAdd('1', ['\\Seen']);
    await client.messageDelete('2');
    const third = await bySubject('INBOX', mails[2].subject);
    await rename(third, `${third.replace(/:2,.*$/, '').replace('/new/', '/cur/')}:2,F`);
    await rm(await bySubject('INBOX', mails[3].subject));
    const own = makeMail();
    const text = own.bytes.toString('latin1').replaceAll('\r\n', '\n');
    await writeFile(join(mail, 'INBOX', 'cur', '1700000000.1_1.here:2,S'), text, 'latin1');
    await sync();
    expect(await bySubject('INBOX', mails[0].subject)).toMatch(/:2,S$/);
    expect(await files('INBOX')).toHaveLength(3);
    await client.mailboxClose();
    await client.mailboxOpen('INBOX');
    const there: Record<string, string[]> = {};
    for (const { envelope, flags } of await client.fetchAll('1:*', { envelope: true, flags: true })) {
      there[envelope?.subject ?? ''] = [...(flags ?? [])].sort();
    }
    expect(there).toEqual({
      [mails[0].subject]: ['\\Seen'],
      [mails[2].subject]: ['\\Flagged'],
      [own.subject]: ['\\Seen'],
    });
    const before = [await readServerState(reader), (await files('INBOX')).sort()];
    await sync();
    expect([await readServerState(reader), (await files('INBOX')).sort()]).toEqual(before);
  });
});

describe('mutt', () => {
  it('reads, flags, copies and deletes by TLS, and comes back with what its cache knows', async () => {
    const mailbox = 'mutt';
    await using client = await openImap(reader);
    await client.mailboxCreate(mailbox);
    const mails = [makeMail(), makeMail({ eightBit: true }), makeMail()];
    for (const { bytes } of mails) await client.append(mailbox, bytes);
    const config = join(directory, 'muttrc');
    const at = `${me.address.replace('@', '%40')}@${server.address}`;
    await writeFile(
      config,
      [
        `imap_user="${me.address}"`,
        `imap_pass="${me.password}"`,
        `folder="imaps://${at}:${ports.imaps}/"`,
        'spoolfile="+INBOX"',
        'ssl_verify_host=no',
        `certificate_file="${server.certificateFile}"`,
        'confirmappend=no',
        'confirmcreate=no',
        'delete=yes',
        'quit=yes',
        'mark_old=no',
        'wait_key=no',
        'pipe_decode=no',
        'imap_qresync=yes',
        'imap_condstore=yes',
        `header_cache="${join(directory, 'mutt-cache')}"`,
      ]
        .map((line) => `set ${line}\n`)
        .join(''),
    );
    const file = join(directory, 'mutt-piped');
    const press = async (keys: string): Promise<void> => {
      const command = `mutt -n -F ${config} -f +${mailbox} -e 'push "${keys}"'`;
      await runPeerOk('script', ['-qec', command, '/dev/null'], { env: { TERM: 'xterm', HOME: directory } });
    };
    const pick = (index: number): string => `<limit>~s ${mails[index].subject}<enter>`;
    await press(
      `${pick(1)}<pipe-message>cat > ${file}<enter>${pick(0)}<flag-message>` +
        `<copy-message>+Archive<enter>${pick(2)}<delete-message><limit>~A<enter><sync-mailbox><exit>`,
    );
    expect(await readFile(file, 'latin1')).toBe(mails[1].bytes.toString('latin1').replaceAll('\r\n', '\n'));
    await client.mailboxOpen(mailbox);
    const left = await client.fetchAll('1:*', { uid: true, flags: true });
    expect(left.map(({ uid, flags }) => [uid, [...(flags ?? [])].sort()])).toEqual([
      [1, ['\\Flagged']],
      [2, []],
    ]);
    // Comes back with what its cache knows.
    await client.messageFlagsAdd('2', ['\\Answered']);
    await press('<sync-mailbox><exit>');
    expect(await client.status('Archive', { messages: true })).toMatchObject({ messages: 1 });
  });
});
