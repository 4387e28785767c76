import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram, waitForPort } from '../run-program.ts';
import type { MailPeer } from './mail-peer.ts';

/** Debian's Postfix delivering to virtual maildirs, on one port of this machine. */
export async function startPostfix(port: number, accounts: readonly string[]): Promise<MailPeer> {
  const root = await mkdtemp(join(tmpdir(), 'restante-postfix-'));
  await chmod(root, 0o755);
  for (const directory of ['etc', 'spool', 'data', 'mail']) await mkdir(join(root, directory));
  await runProgram('chown', ['postfix', join(root, 'data')]);
  await runProgram('chown', ['nobody', join(root, 'mail')]);
  const etc = join(root, 'etc');
  await writeFile(
    join(etc, 'main.cf'),
    `compatibility_level = 3.6
queue_directory = ${root}/spool
data_directory = ${root}/data
maillog_file = /var/log/restante-bench-postfix.log
myhostname = bench.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
virtual_mailbox_domains = localhost.example
virtual_mailbox_base = ${root}/mail
virtual_mailbox_maps = inline:{${accounts.map((account) => `{${account}@localhost.example = ${account}/}`).join(', ')}}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_mailbox_limit = 0
smtpd_relay_restrictions = reject_unauth_destination
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
`,
  );
  // Those that others than Postfix's own processes talk to are in the queue's `public` directory.
  const open = new Set(['pickup', 'cleanup', 'qmgr', 'flush']);
  const service = (name: string, wakeup: string, limit: string, command: string): string =>
    `${name} unix ${open.has(name) ? 'n' : '-'} ${name === 'virtual' ? 'n' : '-'} n ${wakeup} ${limit} ${command}\n`;
  await writeFile(
    join(etc, 'master.cf'),
    `127.0.0.1:${port} inet n - n - - smtpd\n` +
      service('pickup', '60', '1', 'pickup') +
      service('cleanup', '-', '0', 'cleanup') +
      service('qmgr', '300', '1', 'qmgr') +
      ['rewrite trivial-rewrite', 'bounce bounce', 'defer bounce', 'trace bounce', 'verify verify', 'proxymap proxymap']
        .map((entry) => entry.split(' '))
        .map(([name = '', command = '']) => service(name, '-', '-', command))
        .join('') +
      ['virtual', 'error', 'smtp', 'anvil', 'scache', 'flush', 'retry error', 'discard']
        .map((entry) => entry.split(' '))
        .map(([name = '', command]) => service(name, '-', '-', command ?? name))
        .join('') +
      'postlog unix-dgram n - n - 1 postlogd\n',
  );
  await runProgram('/usr/sbin/postfix', ['-c', etc, 'start']);
  await waitForPort(port);
  const pid = Number(readFileSync(join(root, 'spool', 'pid', 'master.pid'), 'utf8').trim());
  return {
    name: 'Postfix',
    pid,
    smtp: { port, recipients: accounts.map((account) => `${account}@localhost.example`) },
    async storedMessages() {
      let count = 0;
      for (const account of accounts) {
        count += (await readdir(join(root, 'mail', account, 'new')).catch(() => [])).length;
      }
      return count;
    },
    async [Symbol.asyncDispose]() {
      await runProgram('/usr/sbin/postfix', ['-c', etc, 'stop']);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
