import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcess, waitForPort } from '../bench/run-program.ts';
import { freePorts } from '../harness/free-ports.ts';
import { type TestCertificate, testCertificate } from '../harness/test-certificates.ts';
import type { Reader } from './read-mail.ts';

/** Debian's Dovecot over maildir, for one user, with TLS by an authority of its own. */
export interface Dovecot extends AsyncDisposable {
  readonly reader: Reader;
  readonly imapsPort: number;
  /** PEM file of the authority that stands for its certificate. */
  readonly authorityFile: string;
  readonly certificate: TestCertificate;
  /** The user's maildir: files may be put there while it runs. */
  readonly maildir: string;
  /** Uid and gid that files there have. */
  own(path: string): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const nobody = { uid: 65_534, gid: 65_534 };

/** @param options.separator between levels; options.prefix of all mailboxes but INBOX */
export async function startDovecot(options: { separator: string; prefix: string }): Promise<Dovecot> {
  const root = await mkdtemp(join(tmpdir(), 'restante-dovecot-'));
  await chmod(root, 0o755);
  const mail = join(root, 'mail');
  await mkdir(join(mail, 'you', 'Maildir'), { recursive: true });
  for (const path of [mail, join(mail, 'you'), join(mail, 'you', 'Maildir')]) await own(path);
  const authority = testCertificate({ name: 'Authority of tests', isAuthority: true });
  const certificate = testCertificate({ name: 'dovecot', hosts: ['localhost'], issuer: authority });
  const authorityFile = join(root, 'authority.pem');
  await writeFile(authorityFile, authority.certificate);
  await writeFile(join(root, 'cert.pem'), certificate.certificate);
  await writeFile(join(root, 'key.pem'), certificate.key);
  const [port, imapsPort] = (await freePorts(2)) as [number, number];
  const config = join(root, 'dovecot.conf');
  await writeFile(
    config,
    `base_dir = ${root}/run
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <${root}/cert.pem
ssl_key = <${root}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
log_path = ${root}/log
mail_location = maildir:${mail}/%u/Maildir
mail_max_userip_connections = 100
namespace inbox {
  inbox = yes
  separator = ${options.separator}
  prefix = ${options.prefix}
  mailbox Gesendet {
    special_use = \\Sent
  }
  mailbox Trash {
    special_use = \\Trash
  }
  mailbox Everything {
    special_use = \\All
  }
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${imapsPort}
    ssl = yes
  }
}
passdb {
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${mail}/%u
}
`,
  );
  let child = spawn('/usr/sbin/dovecot', ['-F', '-c', config], { stdio: 'ignore' });
  await waitForPort(port, child);
  return {
    reader: { host: '127.0.0.1', port, user: 'you', password: 'secret' },
    imapsPort,
    authorityFile,
    certificate,
    maildir: join(mail, 'you', 'Maildir'),
    own,
    stop: () => endProcess(child),
    async start() {
      child = spawn('/usr/sbin/dovecot', ['-F', '-c', config], { stdio: 'ignore' });
      await waitForPort(port, child);
    },
    async [Symbol.asyncDispose]() {
      await endProcess(child);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function own(path: string): Promise<void> {
  await chown(path, nobody.uid, nobody.gid);
}
