import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess, waitForPort } from '../run-program.ts';
import type { MailPeer } from './mail-peer.ts';

/** Debian's Dovecot with its defaults, over maildir, on one port of this machine. */
export async function startDovecot(port: number): Promise<MailPeer> {
  const root = await mkdtemp(join(tmpdir(), 'restante-dovecot-'));
  await chmod(root, 0o755);
  await mkdir(join(root, 'mail'), { mode: 0o777 });
  await chmod(join(root, 'mail'), 0o777);
  const config = join(root, 'dovecot.conf');
  await writeFile(
    config,
    `base_dir = ${root}/run
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = ${root}/log
mail_location = maildir:${root}/mail/%u
mail_max_userip_connections = 20000
default_client_limit = 20000
default_process_limit = 10000
service imap-login {
  service_count = 0
  client_limit = 20000
  inet_listener imap {
    port = ${port}
  }
}
service imap {
  process_limit = 10000
}
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${root}/mail/%u
}
`,
  );
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', config], { stdio: 'ignore' });
  await waitForPort(port, child);
  return {
    name: 'Dovecot',
    imap: { port, login: 'bench', password: 'secret' },
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await endProcess(child);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
