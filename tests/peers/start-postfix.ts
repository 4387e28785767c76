import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSelfSignedCertificate } from '../../src/tls/self-signed-certificate.ts';
import { eventually } from './eventually.ts';
import { runPeerOk } from './run-peer.ts';

export interface PostfixOptions {
  /** It takes port 25 there. */
  readonly address: string;
  /** Its domain, whose mail it keeps in maildirs. */
  readonly domain: string;
  readonly mailboxes: readonly string[];
  /** Where mail for other domains goes, by domain: `127.0.0.1:1025`. */
  readonly transports: Record<string, string>;
  /** Runs its commands: in another network namespace. */
  readonly run?: (command: string, args: readonly string[], input?: string) => Promise<string>;
  /** Further lines of main.cf, which replace those of the same name. */
  readonly settings?: string;
}

/** Debian's Postfix as another site's mail server: a process tree of its own in a temporary directory. Needs root. */
export interface Postfix extends AsyncDisposable {
  /** Makes it answer RCPT with a reply for some addresses; the others are as ever. */
  answer(replies: Record<string, string>): Promise<void>;
  /** How many messages are in the maildir of an account. */
  count(account: string): Promise<number>;
  /** Messages in the maildir of an account. */
  mail(account: string): Promise<Buffer[]>;
  log(): Promise<string>;
  /** Of its first process. */
  pid(): Promise<number>;
  /** Hands it a message of a program on its machine. */
  submit(sender: string, recipient: string, message: string): Promise<void>;
  /** Tries what is deferred, now. */
  flush(): Promise<void>;
}

/** As in Debian's master.cf: name, privileges, wakeup, process limit and program. */
const services = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
flush unix n - n 1000? 0 flush
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const { address, domain, mailboxes, transports, settings = '' } = options;
  const { run = (command, args, input) => runPeerOk(command, args, input === undefined ? {} : { input }) } = options;
  const root = await mkdtemp(join(tmpdir(), 'restante-postfix-'));
  await chmod(root, 0o755);
  for (const directory of ['etc', 'spool', 'data', 'mail']) await mkdir(join(root, directory));
  execFileSync('chown', ['postfix', join(root, 'data')]);
  execFileSync('chown', ['nobody', join(root, 'mail')]);
  const etc = join(root, 'etc');
  const { certificate, key } = await createSelfSignedCertificate({
    names: [`mx.${domain}`],
    now: Date.now(),
    validDays: 10,
  });
  await writeFile(join(etc, 'tls.pem'), `${key}\n${certificate}`, { mode: 0o600 });
  await writeFile(join(etc, 'recipients'), '');
  const inline = (map: [string, string][]): string =>
    map.length === 0 ? '' : `inline:{${map.map(([k, v]) => `{${k} = ${v}}`).join(', ')}}`;
  const usual = `compatibility_level = 3.6
queue_directory = ${root}/spool
data_directory = ${root}/data
maillog_file = ${root}/data/log
maillog_file_prefixes = ${root}
myhostname = mx.${domain}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
smtp_bind_address = ${address}
inet_protocols = ipv4
smtpd_tls_chain_files = ${etc}/tls.pem
smtpd_tls_security_level = may
smtpd_tls_received_header = yes
smtp_tls_security_level = may
smtp_dns_support_level = disabled
smtp_host_lookup = native
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${root}/mail
virtual_mailbox_maps = ${inline(mailboxes.map((name) => [`${name}@${domain}`, `${name}/`]))}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
transport_maps = ${inline(Object.entries(transports).map(([to, at]) => [to, `smtp:[${at.replace(':', ']:')}`]))}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access texthash:${etc}/recipients
message_size_limit = 50000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
`;
  const changed = new Set(settings.split('\n').map((line) => line.split(' = ')[0]));
  const lines = usual.split('\n').filter((line) => line === '' || !changed.has(line.split(' = ')[0]));
  await writeFile(join(etc, 'main.cf'), lines.join('\n') + settings);
  await writeFile(join(etc, 'master.cf'), `${address}:25 inet n - n - - smtpd\n${services}`);
  const postfix = (...args: string[]): Promise<string> => run('/usr/sbin/postfix', ['-c', etc, ...args]);
  await postfix('start');
  await eventually(`Postfix answers at ${address}:25`, () => answers(address)).catch(async (cause: unknown) => {
    throw new Error(`Postfix does not answer:\n${await readFile(join(root, 'data', 'log'), 'utf8')}`, { cause });
  });
  return {
    async answer(replies) {
      await writeFile(
        join(etc, 'recipients'),
        Object.entries(replies)
          .map(([recipient, reply]) => `${recipient} ${reply}\n`)
          .join(''),
      );
      await postfix('reload');
    },
    async count(account) {
      return (await readdir(join(root, 'mail', account, 'new')).catch(() => [])).length;
    },
    async mail(account) {
      const directory = join(root, 'mail', account, 'new');
      const names = await readdir(directory).catch(() => []);
      return await Promise.all(names.sort().map((name) => readFile(join(directory, name))));
    },
    pid: async () => Number(await readFile(join(root, 'spool', 'pid', 'master.pid'), 'utf8')),
    async submit(sender, recipient, message) {
      await run('/usr/sbin/sendmail', ['-C', etc, '-i', '-f', sender, recipient], message);
    },
    log: () => readFile(join(root, 'data', 'log'), 'utf8'),
    async flush() {
      await postfix('flush');
    },
    async [Symbol.asyncDispose]() {
      await postfix('stop');
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function answers(address: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect(25, address);
    socket.on('data', (greeting) => {
      socket.destroy();
      resolve(greeting.toString().startsWith('220 ') || undefined);
    });
    socket.on('error', () => resolve(undefined));
    socket.setTimeout(5_000, () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}
