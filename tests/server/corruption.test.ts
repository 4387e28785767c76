import {
  appendFile,
  chmod,
  cp,
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
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogSeverity } from '../../src/control/control-message.ts';
import { openOffline, verifyDirectory } from '../../src/main.ts';
import { RestanteError } from '../../src/runtime/errors.ts';
import { SeededRandom } from '../attacks/seeded-random.ts';
import { makeTestConfig } from '../harness/start-test-server.ts';

const seed = Number(process.env.RESTANTE_SEED ?? 20261123);
const { signal } = new AbortController();
const noPorts = { smtp: 0, submission: 0, submissions: 0, imap: 0, imaps: 0, metrics: 0 };

let root: string;
let backup: string;
let data: string;

/** A server's data with every kind of file, stopped, and a backup of it. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'restante-corruption-'));
  backup = join(root, 'backup');
  data = join(root, 'data');
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
      await account.addMessages([{ mailbox: 'Inbox', file }]);
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
  const messageFiles = 'copy';
  await server.backup({ destination: backup, messageFiles, signal, report() {}, onProgress() {} });
});

afterAll(() => rm(root, { recursive: true, force: true }));

interface Verified {
  readonly errors: string[];
  readonly warnings: string[];
}

/** What verifydata would say. Damage may end it early, as an error that is meant for a person. */
async function verify(directory: string): Promise<Verified> {
  const found: Verified = { errors: [], warnings: [] };
  const log = (level: LogSeverity, message: string): void => {
    if (level === 'error') found.errors.push(message);
    if (level === 'warn') found.warnings.push(message);
  };
  try {
    await verifyDirectory({ directory, signal, log, progress() {} });
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

type Damage = 'flip' | 'truncate' | 'extend' | 'empty' | 'delete' | 'swap' | 'link' | 'directory' | 'add' | 'zeros';
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
async function unnoticed(
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

describe(`damage (RESTANTE_SEED=${seed})`, () => {
  it('to a backup is found, wherever it is', { timeout: 60_000 }, async () => {
    expect(await verify(backup)).toEqual({ errors: [], warnings: [] });
    const missed = await unnoticed(backup, 240, ({ errors }) => errors.length > 0);
    expect(missed).toEqual([]);
    expect(await verify(backup)).toEqual({ errors: [], warnings: [] });
  });

  it('to a stopped data directory is found where a checksum, a size or another row tells', {
    timeout: 60_000,
  }, async () => {
    const copy = join(root, 'damaged');
    await cp(data, copy, { recursive: true });
    await rm(join(copy, 'lock'));
    await rm(join(copy, 'tmp'), { recursive: true });
    expect(await verify(copy)).toEqual({ errors: [], warnings: [] });
    await rm(join(copy, 'lock'));
    const missed = await unnoticed(copy, 150, ({ errors, warnings }, name, kind) => {
      if (errors.length > 0) return true;
      if (kind === 'add') return warnings.length > 0 || name.startsWith('accounts/');
      // Made anew when they are not there, or empty, or links.
      if (name === 'auth.db' && ['delete', 'empty', 'truncate'].includes(kind)) return true;
      if (/\.db$|\.key$|^version$/.test(name) && kind === 'link') return true;
      // Pages of SQLite and random keys have no checksum of their own.
      if (/\.db$/.test(name)) return ['flip', 'zeros', 'extend'].includes(kind);
      return (/\.key$/.test(name) && ['flip', 'zeros'].includes(kind)) || (name === 'version' && kind !== 'truncate');
    });
    expect(missed).toEqual([]);
    expect(await verify(copy)).toEqual({ errors: [], warnings: [] });
  });
});
