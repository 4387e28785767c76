import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LogSeverity } from '../../src/control/control-message.ts';
import { openOffline } from '../../src/main.ts';
import { verifyDirectory } from '../../src/main-at-rest.ts';
import { RestanteError } from '../../src/runtime/errors.ts';
import { makeJunkFilter } from './make-junk-filter.ts';
import { SeededRandom } from './seeded-random.ts';
import { makeTestConfig } from './start-test-server.ts';

export const seed = Number(process.env.RESTANTE_SEED ?? 20261123);
const { signal } = new AbortController();
const noPorts = { smtp: 0, submission: 0, submissions: 0, imap: 0, imaps: 0, metrics: 0 };

/** A server's data with every kind of file, stopped, and a backup of it. */
export interface DamageFixture extends AsyncDisposable {
  readonly root: string;
  readonly backup: string;
  readonly data: string;
}

export async function createDamageFixture(): Promise<DamageFixture> {
  const root = await mkdtemp(join(tmpdir(), 'restante-corruption-'));
  const backup = join(root, 'backup');
  const staticConfigPath = await makeTestConfig({ directory: root, accounts: ['me', 'you'], ports: noPorts });
  await using server = await openOffline({ staticConfigPath });
  for (const name of ['me', 'you']) {
    await using account = await server.accounts.open(name);
    for (let number = 0; number < 5; number++) {
      await using intake = await server.accounts.startMessage();
      await intake.write(
        Buffer.from(`From: a@example.net\r\nSubject: ${name} ${number}\r\n\r\n${'text '.repeat(20)}\r\n`),
      );
      await using file = await intake.finish();
      await account.messages.addAll([{ mailbox: 'Inbox', file }]);
    }
  }
  for (let number = 0; number < 3; number++) {
    const content = (async function* () {
      yield Buffer.from(`Subject: queued ${number}\n\nhello\n`);
    })();
    const [sender, recipients] = ['me@example.org', ['you@example.org', 'somebody@example.net']];
    const fullName = undefined;
    await server.submit({ sender, recipients, recipientsFromHeader: false, fullName, content, signal });
  }
  await makeJunkFilter(join(root, 'data'), 'me');
  const messageFiles = 'copy';
  await server.backup({ destination: backup, messageFiles, signal, report() {}, onProgress() {} });
  return {
    root,
    backup,
    data: join(root, 'data'),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

export interface Verified {
  readonly errors: string[];
  readonly warnings: string[];
}

/** What verifydata would say. Damage may end it early, as an error that is meant for a person. */
export async function verify(directory: string): Promise<Verified> {
  const found: Verified = { errors: [], warnings: [] };
  const log = (level: LogSeverity, message: string): void => {
    if (level === 'error') found.errors.push(message);
    if (level === 'warn') found.warnings.push(message);
  };
  try {
    await verifyDirectory({ directory, full: false, fix: false, signal, log, progress() {} });
  } catch (error) {
    if (!(error instanceof RestanteError)) throw error;
    found.errors.push(error.message);
  }
  return found;
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

export type Damage =
  | 'flip'
  | 'truncate'
  | 'extend'
  | 'empty'
  | 'delete'
  | 'swap'
  | 'link'
  | 'directory'
  | 'add'
  | 'zeros';
const damages: readonly Damage[] = [
  'flip',
  'flip',
  'flip',
  'truncate',
  'extend',
  'empty',
  'delete',
  'swap',
  'link',
  'directory',
  'add',
  'zeros',
];

/** Damages a file. @returns how to mend it, and undefined when its bytes stay the same */
async function damage(
  directory: string,
  name: string,
  kind: Damage,
  random: SeededRandom,
  others: readonly string[],
): Promise<(() => Promise<void>) | undefined> {
  const path = join(directory, name);
  const bytes = await readFile(path);
  const { mode } = await lstat(path);
  const replace = async (changed: Uint8Array): Promise<() => Promise<void>> => {
    await chmod(path, 0o600);
    await writeFile(path, changed);
    return async () => {
      await writeFile(path, bytes);
      await chmod(path, mode & 0o777);
    };
  };
  const aside = `${directory}-aside`;
  const putBack = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true });
    await rename(aside, path);
  };
  switch (kind) {
    case 'flip': {
      if (bytes.length === 0) return undefined;
      const changed = Buffer.from(bytes);
      changed[random.below(bytes.length)]! ^= 1 << random.below(8);
      return await replace(changed);
    }
    case 'truncate': {
      if (bytes.length === 0) return undefined;
      const length = random.below(bytes.length);
      const cut = bytes.subarray(length);
      // SQLite reads as zeros what its last page lacks.
      if (/\.db$/.test(name) && cut.length < 4096 && cut.every((byte) => byte === 0)) return undefined;
      return await replace(bytes.subarray(0, length));
    }
    case 'empty':
      return bytes.length === 0 ? undefined : await replace(new Uint8Array(0));
    case 'zeros': {
      const changed = Buffer.from(bytes);
      const start = random.below(Math.max(1, bytes.length));
      changed.fill(0, start, Math.min(bytes.length, start + 1 + random.below(4096)));
      return changed.equals(bytes) ? undefined : await replace(changed);
    }
    case 'extend':
      await chmod(path, 0o600);
      await appendFile(path, random.chance(0.5) ? '\n' : random.bytes(1 + random.below(30)));
      return async () => {
        await writeFile(path, bytes);
        await chmod(path, mode & 0o777);
      };
    case 'delete':
      await rename(path, aside);
      return putBack;
    case 'link':
      await rename(path, aside);
      await symlink(aside, path);
      return putBack;
    case 'directory':
      await rename(path, aside);
      await mkdir(path);
      return putBack;
    case 'add': {
      const added = join(dirname(path), random.pick(['x', '99', 'index.db-wal', '.tmp']));
      await writeFile(added, random.bytes(40), { flag: 'wx' });
      return () => rm(added);
    }
    case 'swap': {
      const other = join(directory, random.pick(others));
      if ((await readFile(other)).equals(bytes)) return undefined;
      await rename(path, aside);
      await rename(other, path);
      await rename(aside, other);
      return async () => {
        await rename(path, aside);
        await rename(other, path);
        await rename(aside, other);
      };
    }
  }
}

/** Does all kinds of damage to all files, one after the other. @returns the damages that `isFound` doesn't hold for */
export async function unnoticed(
  directory: string,
  rounds: number,
  isFound: (found: Verified, name: string, kind: Damage) => boolean,
): Promise<string[]> {
  const random = new SeededRandom(seed);
  const names = await filesBelow(directory);
  const missed: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const name = names[round % names.length]!;
    // Each file gets each kind in the end, in another order.
    const kind = damages[(round + Math.floor(round / names.length) * 5) % damages.length]!;
    const mend = await damage(directory, name, kind, random, names);
    if (mend === undefined) continue;
    try {
      if (!isFound(await verify(directory), name, kind)) missed.push(`${kind} ${name} (round ${round})`);
    } finally {
      await mend();
    }
  }
  return missed;
}
