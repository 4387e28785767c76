import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSqliteEngine } from '../../../src/database/sqlite/sqlite-engine.ts';
import { openOffline } from '../../../src/main.ts';
import { parseStructure } from '../../../src/message/structure-parser.ts';
import { silentLog } from '../../../src/runtime/log.ts';
import { accountDatabaseKind } from '../../../src/store/account-database.ts';
import { describeContent } from '../../../src/store/content-facts.ts';
import { messageFilePath } from '../../../src/store/message-files.ts';
import { SeededRandom } from '../../harness/seeded-random.ts';
import { choosePorts, makeTestConfig, type TestPorts } from '../../harness/start-test-server.ts';
import { makeMessage } from '../make-message.ts';

export interface MadeStore {
  readonly directory: string;
  readonly configPath: string;
  readonly ports: TestPorts;
}

export interface StoreSize {
  readonly messages: number;
  readonly accounts: number;
  readonly meanBytes: number;
}

const step = 1000;
const noBytes = new Uint8Array(0);

/**
 * A server's data with so many messages, as deliveries would have left it: rows by the store's own operations, files with the bytes
 * that their rows say. Made once in a directory, and found again by later runs.
 */
export async function makeStore(directory: string, size: StoreSize): Promise<MadeStore> {
  const mark = join(directory, 'made.json');
  if (existsSync(mark)) {
    const { size: made, ...store } = JSON.parse(readFileSync(mark, 'utf8')) as MadeStore & { size: StoreSize };
    if (JSON.stringify(made) === JSON.stringify(size)) return store;
    throw new Error(`${directory} holds another store: ${JSON.stringify(made)}`);
  }
  mkdirSync(directory, { recursive: true });
  const ports = await choosePorts();
  const names = Array.from({ length: size.accounts }, (_, at) => `user${at}`);
  const configPath = await makeTestConfig({ directory, accounts: names, ports });
  {
    await using server = await openOffline({ staticConfigPath: configPath });
    for (const name of names) {
      await server.accounts.setPassword(name, 'secret');
    }
  }
  {
    await using engine = createSqliteEngine({ log: silentLog });
    const random = new SeededRandom(1);
    for (const [at, name] of names.entries()) {
      const account = join(directory, 'data', 'accounts', name);
      await using database = await engine.open(accountDatabaseKind, join(account, 'index.db'));
      const count =
        Math.floor(((at + 1) * size.messages) / size.accounts) - Math.floor((at * size.messages) / size.accounts);
      for (let done = 0; done < count; done += step) {
        const part = Math.min(step, count - done);
        const { first } = await database.write('reserveContentIds', { count: part, finished: [] });
        const messages = Array.from({ length: part }, (_, index) => {
          // Sizes from a third to some three times the mean, most of them below it.
          const bytes = makeMessage(
            at * 10_000_000 + done + index,
            size.meanBytes * (0.35 + 1.3 * random.next() ** 1.0),
          );
          const path = join(account, messageFilePath(first + index));
          mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
          writeFileSync(path, bytes, { mode: 0o400 });
          const structure = parseStructure(bytes);
          return {
            mailbox: index % 3 === 0 ? 'Archive' : 'Inbox',
            createMissing: false,
            contentId: first + index,
            sha256: createHash('sha256').update(bytes).digest(),
            fileSizeBytes: bytes.length,
            prefix: noBytes,
            flagBits: index % 4 === 0 ? 0 : 1,
            keywords: [],
            receivedAt: 1_700_000_000_000 + (done + index) * 1000,
            reception: {},
            facts: describeContent(structure, noBytes),
          };
        });
        await database.write('addMessages', { now: 1_700_000_000_000, quota: {}, messages });
        await database.write('releaseContentIds', { blocks: [{ first, next: first + part }] });
      }
    }
  }
  const store = { directory, configPath, ports };
  writeFileSync(mark, JSON.stringify({ ...store, size }));
  return store;
}
