import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reader } from './read-mail.ts';
import { type PeerResult, runPeer } from './run-peer.ts';

export interface MbsyncOptions extends Reader {
  readonly tls: 'None' | 'STARTTLS' | 'IMAPS';
  readonly certificateFile: string;
}

/** isync's mbsync with a configuration that keeps a maildir and an account the same, folders and deletions included. */
export class MbsyncClient {
  readonly mail: string;
  readonly #config: string;

  private constructor(directory: string) {
    this.mail = join(directory, 'mail');
    this.#config = join(directory, 'mbsyncrc');
  }

  static async create(directory: string, options: MbsyncOptions): Promise<MbsyncClient> {
    const client = new MbsyncClient(directory);
    await mkdir(client.mail, { recursive: true });
    await client.pointTo(options);
    return client;
  }

  /** Sets the server, as somebody does after it has moved. */
  async pointTo({ host, port, user, password, tls, certificateFile }: MbsyncOptions): Promise<void> {
    await writeFile(
      this.#config,
      `IMAPAccount restante
Host ${host}
Port ${port}
User ${user}
Pass ${password}
SSLType ${tls}
SystemCertificates no
CertificateFile ${certificateFile}

IMAPStore server
Account restante

MaildirStore local
Path ${this.mail}/
Inbox ${this.mail}/INBOX
SubFolders Verbatim

Channel all
Far :server:
Near :local:
Patterns *
Create Both
Remove Both
Expunge Both
CopyArrivalDate yes
SyncState *
Sync All
`,
    );
  }

  run(): Promise<PeerResult> {
    return runPeer('mbsync', ['-c', this.#config, '-V', '-a']);
  }

  /** Puts a message where a local mail program would. `flags` are those of maildir: `S` seen, `F` flagged. */
  async put(folder: string, bytes: Buffer, name: string, flags = ''): Promise<void> {
    for (const directory of ['new', 'cur', 'tmp']) await mkdir(join(this.mail, folder, directory), { recursive: true });
    await writeFile(
      join(this.mail, folder, 'cur', `${name}:2,${flags}`),
      bytes.toString('latin1').replaceAll('\r\n', '\n'),
      'latin1',
    );
  }

  /** Messages of a folder, by Subject. */
  async messages(folder: string): Promise<Map<string, { path: string; flags: string; bytes: Buffer }>> {
    const found = new Map<string, { path: string; flags: string; bytes: Buffer }>();
    for (const directory of ['new', 'cur']) {
      for (const name of await readdir(join(this.mail, folder, directory))) {
        const path = join(this.mail, folder, directory, name);
        const bytes = await readFile(path);
        const subject = /^Subject: (.*)$/m.exec(bytes.toString('latin1'))?.[1] ?? '';
        if (found.has(subject)) throw new Error(`Message "${subject}" is twice in ${folder}`);
        found.set(subject, { path, flags: /:2,([A-Z]*)$/.exec(name)?.[1] ?? '', bytes });
      }
    }
    return found;
  }

  /** Every file with the hash of its content. */
  async state(): Promise<Record<string, string>> {
    const state: Record<string, string> = {};
    for (const entry of await readdir(this.mail, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      state[path] = entry.isDirectory()
        ? 'directory'
        : createHash('sha256')
            .update(await readFile(path))
            .digest('hex');
    }
    return state;
  }
}
