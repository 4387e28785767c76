import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open as openFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import { Metrics } from '../../runtime/metrics.ts';
import { ledgerKind } from '../contract-fixture/operations.ts';
import { describeEngine } from '../engine.contract.ts';
import type { DatabaseEngine } from '../engine.ts';
import { createSqliteEngine, type SqliteEngineOptions } from './sqlite-engine.ts';

describeEngine('SQLite', () => createSqliteEngine({ log: silentLog }));

describe('the SQLite engine', () => {
  let directory: string;
  let engine: DatabaseEngine;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'restante-sqlite-'));
  });
  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  function start(options: Partial<SqliteEngineOptions> = {}): DatabaseEngine {
    engine = createSqliteEngine({ log: silentLog, ...options });
    return engine;
  }
  const open = (file = 'ledger.db') => engine.open(ledgerKind, join(directory, file));
  const count = async (ledger: Awaited<ReturnType<typeof open>>) =>
    (await ledger.read((reader) => reader.first<{ count: number }>('SELECT count(*) AS count FROM entries')))?.count;

  it('makes files that only their owner can read, and leaves one file per database when it ends', async () => {
    start();
    const ledger = await open();
    await Promise.all(Array.from({ length: 50 }, (_, index) => ledger.write('add', { text: `${index}` })));
    for (const file of await readdir(directory)) expect((await stat(join(directory, file))).mode & 0o777).toBe(0o600);
    await engine[Symbol.asyncDispose]();
    expect(await readdir(directory)).toEqual(['ledger.db']);
    expect(countIn(join(directory, 'ledger.db'))).toBe(50);
  });

  it('fails a write on a full disk as temporary, keeps what was there, and writes again when there is room', async () => {
    start();
    const ledger = await open();
    await ledger.write('add', { text: 'before' });
    await ledger.write('setMaxPages', 20);
    await expect(ledger.write('addMany', { count: 100, bytes: 4000 })).rejects.toMatchObject({
      code: 'database-full',
      context: { temporary: true },
    });
    const together = await Promise.allSettled(
      Array.from({ length: 5 }, () => ledger.write('addMany', { count: 100, bytes: 4000 })),
    );
    expect(together.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await count(ledger)).toBe(1);
    await ledger.write('add', { text: 'small enough' });
    await ledger.write('setMaxPages', 1_000_000);
    await ledger.write('addMany', { count: 100, bytes: 4000 });
    expect(await count(ledger)).toBe(102);
  });

  it('keeps every acknowledged write when the process is killed', async () => {
    start();
    const paths = ['one.db', 'two.db', 'three.db'].map((file) => join(directory, file));
    const program = fileURLToPath(new URL('../contract-fixture/write-until-killed.ts', import.meta.url));
    const acknowledged = new Map(paths.map((path) => [path, new Set<string>()]));
    for (let round = 0; round < 3; round++) {
      const writer = spawn(process.execPath, [program, ...paths], { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
      let output = '';
      writer.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
      await once(writer.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 250));
      writer.kill('SIGKILL');
      await once(writer, 'close');
      for (const line of output.slice(0, output.lastIndexOf('\n')).split('\n')) {
        const [path, text] = line.split('\t');
        acknowledged.get(path!)!.add(text!);
      }
    }
    for (const [path, expected] of acknowledged) {
      expect(expected.size).toBeGreaterThan(0);
      const ledger = await engine.open(ledgerKind, path);
      const rows = await ledger.read((reader) => reader.all<{ text: string }>('SELECT text FROM entries'));
      const kept = new Set(rows.map(({ text }) => text));
      expect([...expected].filter((text) => !kept.has(text))).toEqual([]);
      await ledger[Symbol.asyncDispose]();
      using database = closing(new SqliteDatabase(path, { readonly: true }));
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    }
  });

  it('fails what is under way when a worker dies, and goes on with another', async () => {
    start({ workers: 1 });
    const ledger = await open();
    await ledger.write('add', { text: 'before' });
    const results = await Promise.allSettled([ledger.write('exitThread', null), ledger.write('add', { text: 'lost' })]);
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { code: 'database-worker-died', context: { temporary: true } },
      });
    }
    await ledger.write('add', { text: 'after' });
    expect(await count(ledger)).toBe(2);
    await using snapshot = await engine.snapshot();
    expect(await snapshot.read(ledger.path, (reader) => reader.all('SELECT * FROM entries'))).toHaveLength(2);
  });

  it('closes databases that nobody uses beyond the limit, and opens them again when they are used', async () => {
    start({ maxOpenDatabases: 3 });
    const ledgers = await Promise.all(Array.from({ length: 12 }, (_, index) => open(`${index}.db`)));
    for (let round = 0; round < 3; round++) {
      await Promise.all(ledgers.map((ledger) => ledger.write('add', { text: `round ${round}` })));
      for (const ledger of ledgers) expect(await count(ledger)).toBe(round + 1);
    }
    await expect
      .poll(async () => (await readdir(directory)).filter((file) => file.endsWith('-wal')).length)
      .toBeLessThanOrEqual(3);
    await using snapshot = await engine.snapshot();
    await Promise.all(ledgers.map((ledger) => ledger.write('add', { text: 'later' })));
    for (const ledger of ledgers) {
      expect(await snapshot.read(ledger.path, (reader) => reader.all('SELECT * FROM entries'))).toHaveLength(3);
      expect(await count(ledger)).toBe(4);
    }
    const copy = join(directory, 'copy');
    await snapshot.copy(ledgers[0]!.path, copy, { signal: AbortSignal.timeout(5000) });
    expect(countIn(copy)).toBe(3);
    expect((await readdir(directory)).filter((file) => file.startsWith('copy'))).toEqual(['copy']);
  });

  it('opens a database that is not in log mode, as restored ones are, while a snapshot is open', async () => {
    start();
    const path = join(directory, 'restored.db');
    {
      using database = closing(new SqliteDatabase(path));
      database.exec('CREATE TABLE other (x)');
    }
    await using snapshot = await engine.snapshot();
    await snapshot.read(path, async (reader) => {
      const ledger = await open('restored.db');
      await ledger.write('add', { text: 'after' });
      expect(await reader.all("SELECT name FROM sqlite_schema WHERE type = 'table'")).toEqual([{ name: 'other' }]);
    });
  });

  it('copies a database as of the instant, though it has been opened and written and its log folded since', async () => {
    start();
    const first = await open();
    await first.write('addMany', { count: 100, bytes: 4000 });
    await first[Symbol.asyncDispose]();
    await using snapshot = await engine.snapshot();
    const again = await open();
    const copies = ['one', 'two', 'three'].map((name) => join(directory, name));
    for (const copy of copies) {
      const writing = again.write('addMany', { count: 3000, bytes: 4000 });
      await snapshot.copy(again.path, copy, { signal: AbortSignal.timeout(5000) });
      await writing;
      using folding = closing(new SqliteDatabase(again.path));
      folding.pragma('wal_checkpoint(PASSIVE)');
    }
    for (const copy of copies) {
      expect(countIn(copy)).toBe(100);
      using database = closing(new SqliteDatabase(copy, { readonly: true }));
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    }
    const left = (await readdir(directory)).filter((name) => /^(?:one|two|three)/.test(name));
    expect(left.sort()).toEqual(['one', 'three', 'two']);
  });

  it('leaves no files beside databases that only a snapshot read', async () => {
    start();
    const ledger = await open();
    await ledger.write('add', { text: 'a' });
    await ledger[Symbol.asyncDispose]();
    {
      await using snapshot = await engine.snapshot();
      await snapshot.copy(ledger.path, join(directory, 'copy.db'), { signal: AbortSignal.timeout(5000) });
    }
    expect((await readdir(directory)).sort()).toEqual(['copy.db', 'ledger.db']);
  });

  it('keeps few of the databases open that only a snapshot reads', async () => {
    start();
    const paths: string[] = [];
    for (let number = 0; number < 20; number++) {
      await using ledger = await open(`ledger-${number}.db`);
      await ledger.write('add', { text: 'a' });
      paths.push(ledger.path);
    }
    await using snapshot = await engine.snapshot();
    for (const path of paths) {
      await snapshot.read(path, (reader) => reader.first('SELECT 1 FROM entries'));
    }
    const openLogs = (await readdir(directory)).filter((name) => name.endsWith('-wal'));
    expect(openLogs).toEqual(['ledger-16.db-wal', 'ledger-17.db-wal', 'ledger-18.db-wal', 'ledger-19.db-wal']);
  });

  it('takes a snapshot of the other databases when one is damaged', async () => {
    start();
    const good = await open('good.db');
    await good.write('add', { text: 'a' });
    const damaged = await open('damaged.db');
    await damaged.write('addMany', { count: 2000, bytes: 4000 });
    const entries = (reader: { all(sql: string): Promise<unknown[]> }) => reader.all('SELECT * FROM entries');
    // Until the log is folded into the file, SQLite reads the pages from the log.
    await expect
      .poll(async () => {
        const file = await openFile(damaged.path, 'r+');
        await file.write(Buffer.alloc(4096, 0x55), 0, 4096, 0);
        await file.close();
        await using probe = await engine.snapshot();
        return await probe.read(damaged.path, entries).then(
          () => 'sound',
          () => 'damaged',
        );
      })
      .toBe('damaged');
    await using snapshot = await engine.snapshot();
    expect(await snapshot.read(good.path, entries)).toHaveLength(1);
    await expect(snapshot.read(damaged.path, entries)).rejects.toMatchObject({ code: 'database-corrupt' });
    const signal = AbortSignal.timeout(5000);
    await expect(snapshot.copy(damaged.path, join(directory, 'copy'), { signal })).rejects.toMatchObject({
      code: 'database-corrupt',
    });
  });

  it('counts commits, batches and pauses', async () => {
    const metrics = new Metrics();
    start({ metrics });
    const ledger = await open();
    await Promise.all(Array.from({ length: 20 }, (_, index) => ledger.write('add', { text: `${index}` })));
    await using _snapshot = await engine.snapshot();
    const text = metrics.render();
    expect(text).toMatch(/restante_database_batch_operations_sum 20/);
    expect(text).toMatch(/restante_database_snapshot_pause_seconds_count 1/);
    expect(text).toMatch(/restante_database_open 1/);
  });

  it('refuses a database that later software wrote', async () => {
    start();
    const path = join(directory, 'ledger.db');
    {
      using database = closing(new SqliteDatabase(path));
      database.pragma('user_version = 99');
    }
    await expect(open()).rejects.toMatchObject({ code: 'database-too-new', hint: expect.stringContaining('Restante') });
  });
});

function closing(database: SqliteDatabase.Database): SqliteDatabase.Database & Disposable {
  return Object.assign(database, { [Symbol.dispose]: () => void database.close() });
}

function countIn(path: string): unknown {
  using database = closing(new SqliteDatabase(path, { readonly: true }));
  return database.prepare('SELECT count(*) FROM entries').pluck().get();
}
