import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '../../../src/sasl/password-hash.ts';
import { parseScramSecret } from '../../../src/sasl/scram-secret.ts';
import { testCertificate } from '../../harness/test-certificates.ts';
import { endProcess, waitForPort } from '../run-program.ts';
import type { MailPeer } from './mail-peer.ts';

const password = 'secret';

/** Logs in by LOGIN with argon2id; all others by SCRAM-SHA-256, of which Dovecot can keep one hash for each. */
export const argonAccount = 'argon';

/**
 * Debian's Dovecot with its defaults, over maildir: `mail_fsync` is `optimized`, which flushes messages and their directories before
 * APPEND is answered; one process for each session (`service_count` 1, `client_limit` 1), none ever hibernated. Different from the
 * defaults: limits on connections, processes and memory are lifted, and one login process serves many connections, as Dovecot's
 * documentation recommends for speed. No delay after failed logins, no cache of passwords, hashes with Restante's parameters.
 * @param directory where its data are, or will be: a temporary one, removed at the end, unless given
 */
export async function startDovecot(
  ports: { imap: number; imaps: number },
  accounts: string[],
  directory?: string,
): Promise<MailPeer> {
  const root = directory ?? (await mkdtemp(join(tmpdir(), 'restante-dovecot-')));
  await chmod(root, 0o755);
  await mkdir(join(root, 'mail'), { mode: 0o777, recursive: true });
  await chmod(join(root, 'mail'), 0o777);
  const { certificate, key } = testCertificate({ name: 'bench', hosts: ['mail.example.org'] });
  await writeFile(join(root, 'cert.pem'), certificate);
  await writeFile(join(root, 'key.pem'), key);
  await writeFile(join(root, 'users'), await users([...accounts, argonAccount]));
  await chmod(join(root, 'users'), 0o644);
  const config = join(root, 'dovecot.conf');
  await writeFile(config, configuration(root, ports));
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', config], { stdio: 'ignore' });
  await waitForPort(ports.imap, child);
  return {
    name: 'Dovecot',
    imap: { port: ports.imap, tlsPort: ports.imaps, password },
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await endProcess(child);
      if (directory === undefined) await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function users(accounts: readonly string[]): Promise<string> {
  const { argon2id, scramSha256 } = await hashPassword(password);
  const secret = parseScramSecret('sha256', scramSha256)!;
  const parts = [secret.salt, secret.storedKey, secret.serverKey].map((part) => part.toString('base64'));
  const scram = `{SCRAM-SHA-256}${secret.iterations},${parts.join(',')}`;
  const line = (account: string): string =>
    `${account}@example.org:${account === argonAccount ? `{ARGON2ID}${argon2id}` : scram}\n`;
  return accounts.map(line).join('');
}

function configuration(root: string, ports: { imap: number; imaps: number }): string {
  return `base_dir = ${root}/run
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <${root}/cert.pem
ssl_key = <${root}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login scram-sha-256
auth_failure_delay = 0
auth_cache_size = 0
log_path = ${root}/log
mail_location = maildir:${root}/mail/%u
mail_max_userip_connections = 20000
default_client_limit = 20000
default_process_limit = 15000
default_vsz_limit = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  service_count = 0
  client_limit = 4000
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
}
service imap {
  process_limit = 15000
}
passdb {
  driver = passwd-file
  args = ${root}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${root}/mail/%u
}
`;
}
