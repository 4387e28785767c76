// node tests/bench/backup/snapshot-pause.ts [--accounts 1000]: how long a snapshot holds the writers when so many account databases are
// open and written to. Prints the median and the greatest of 20 snapshots.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSqliteEngine } from '../../../src/database/sqlite/sqlite-engine.ts';
import { silentLog } from '../../../src/runtime/log.ts';
import { accountDatabaseKind } from '../../../src/store/account-database.ts';

const { values } = parseArgs({ options: { accounts: { type: 'string', default: '1000' } } });
const count = Number(values.accounts);
const directory = await mkdtemp(join(tmpdir(), 'restante-pause-'));
try {
  await using engine = createSqliteEngine({ log: silentLog, maxOpenDatabases: count + 10 });
  const databases: Awaited<ReturnType<typeof open>>[] = [];
  const open = (at: number) => engine.open(accountDatabaseKind, join(directory, `${at}.db`));
  const mailboxes = [{ name: 'Inbox', specialUse: [] }];
  for (let at = 0; at < count; at++) {
    const database = await open(at);
    await database.write('initialiseAccount', { now: Date.now(), uidValidity: 0, mailboxes });
    databases.push(database);
  }
  let running = true;
  let writes = 0;
  const writing = Array.from({ length: 10 }, async (_, writer) => {
    for (let at = writer; running; at = (at + 10) % count) {
      await databases[at]!.write('setSubscribed', { name: `n${writes++}`, subscribed: true });
    }
  });
  const pauses: number[] = [];
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    await using snapshot = await engine.snapshot();
    pauses.push(snapshot.pauseMs);
  }
  running = false;
  await Promise.all(writing);
  pauses.sort((a, b) => a - b);
  console.log(
    `${count} open databases, ${writes} writes meanwhile: writers were held for ${pauses[10]!.toFixed(1)} ms, ${pauses.at(-1)!.toFixed(1)} ms at most`,
  );
} finally {
  await rm(directory, { recursive: true, force: true });
}
