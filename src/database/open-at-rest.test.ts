import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileWorkers } from '../backup/file-workers.ts';
import type { Migration } from './engine.ts';
import { openDatabaseAtRest } from './open-at-rest.ts';
import { migrate } from './sqlite/migrate.ts';

const migrations: readonly Migration[] = [
  { version: 1, sql: 'CREATE TABLE boxes (id INTEGER PRIMARY KEY) STRICT' },
  {
    version: 2,
    sql: 'CREATE TABLE letters (id INTEGER PRIMARY KEY, box INTEGER NOT NULL REFERENCES boxes, text TEXT) STRICT; CREATE INDEX letters_by_box ON letters (box)',
  },
];
const check = { migrations, signal: new AbortController().signal };

describe('a database at rest', () => {
  let directory: string;
  let temporary: string;
  let files: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'restante-rest-'));
    temporary = join(directory, 'temporary');
    files = join(directory, 'files');
    for (const path of [temporary, files]) mkdirSync(path);
  });
  afterEach(() => {
    chmodSync(files, 0o700);
    rmSync(directory, { recursive: true, force: true });
  });

  /** As a killed process leaves it: with all of its rows, or the last ones, in the log. */
  function write(options: { inLog?: boolean; change?: (database: SqliteDatabase.Database) => void } = {}): string {
    const path = join(directory, 'being-written.db');
    const database = new SqliteDatabase(path);
    database.pragma('journal_mode = WAL');
    migrate(database, migrations, path);
    database.exec("INSERT INTO boxes VALUES (1); INSERT INTO letters VALUES (1, 1, 'hello')");
    for (let id = 2; id < 300; id++) database.prepare('INSERT INTO letters VALUES (?, 1, ?)').run(id, 'x'.repeat(200));
    if (options.change !== undefined) options.change(database);
    const copy = join(files, 'index.db');
    if (options.inLog === true) {
      copyFileSync(path, copy);
      copyFileSync(`${path}-wal`, `${copy}-wal`);
      database.close();
    } else {
      database.close();
      copyFileSync(path, copy);
    }
    return copy;
  }

  function state(): string[] {
    return readdirSync(files).map((name) => {
      const { mtimeMs, mode, size } = statSync(join(files, name));
      return [
        name,
        size,
        mtimeMs,
        mode,
        createHash('sha256')
          .update(readFileSync(join(files, name)))
          .digest('hex'),
      ].join(' ');
    });
  }

  for (const inLog of [false, true]) {
    it(`is read and found whole, and no file is changed or made, with its rows in the ${inLog ? 'log' : 'file'}`, async () => {
      const path = write({ inLog });
      const before = state();
      {
        await using database = await openDatabaseAtRest(path, temporary);
        expect(database.userVersion).toBe(2);
        const reader = database.reader<{ letters: { id: number; text: string } }>();
        expect(await reader.first('SELECT count(*) AS count FROM letters')).toEqual({ count: 299 });
        expect(await reader.kysely.selectFrom('letters').select('text').where('id', '=', 1).execute()).toEqual([
          { text: 'hello' },
        ]);
        expect(await database.check(check)).toEqual([]);
      }
      expect(state()).toEqual(before);
      expect(readdirSync(temporary)).toEqual([]);
    });
  }

  it('is left as it is with a log beside it that its header does not speak of', async () => {
    const path = write({ change: (database) => database.pragma('journal_mode = DELETE') });
    writeFileSync(`${path}-wal`, 'no log');
    const before = state();
    {
      await using database = await openDatabaseAtRest(path, temporary);
      expect(await database.check(check)).toEqual([]);
    }
    expect(state()).toEqual(before);
  });

  it('is found damaged when bytes of it changed', async () => {
    const path = write();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 4 + 10, 4096 * 4 + 3000);
    writeFileSync(path, bytes);
    await using database = await openDatabaseAtRest(path, temporary);
    const findings = await database.check(check);
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings)
      expect(finding).toMatchObject({ severity: 'error', code: 'database-damaged', path });
    await using workers = new FileWorkers({ signal: check.signal, threads: 1 });
    await using apart = await openDatabaseAtRest(path, temporary, workers.ask.bind(workers));
    expect(await apart.check(check)).toEqual(findings);
  });

  it('is refused or found damaged when it was cut short, or is no database', async () => {
    const path = write();
    for (const size of [20_000, 4096, 1000, 10]) {
      truncateSync(path, size);
      const found = await openDatabaseAtRest(path, temporary).then(
        async (database) => {
          const findings = await database.check(check);
          await database[Symbol.asyncDispose]();
          return findings.map(({ code }) => code);
        },
        (error: { code: string }) => [error.code],
      );
      expect(found.length).toBeGreaterThan(0);
    }
    writeFileSync(path, 'This is no database, though it is longer than a header.'.repeat(50));
    await expect(openDatabaseAtRest(path, temporary)).rejects.toMatchObject({ code: 'database-corrupt' });
    await expect(openDatabaseAtRest(join(files, 'missing.db'), temporary)).rejects.toThrow(
      /Cannot open database ".*missing.db"/,
    );
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('has the same answers and findings from a thread', async () => {
    const path = write({
      inLog: true,
      change(database) {
        database.pragma('foreign_keys = OFF');
        database.exec('DELETE FROM boxes');
      },
    });
    await using workers = new FileWorkers({ signal: check.signal, threads: 1 });
    const askInThread = workers.ask.bind(workers);
    const counted = ['SELECT count(*) AS count FROM letters', 'SELECT id FROM letters WHERE id > 298'];
    {
      await using here = await openDatabaseAtRest(path, temporary);
      await using apart = await openDatabaseAtRest(path, temporary, askInThread);
      expect(await apart.ask(counted)).toEqual([[{ count: 299 }], [{ id: 299 }]]);
      expect(await here.ask(counted)).toEqual(await apart.ask(counted));
      const findings = await apart.check(check);
      expect(findings).toHaveLength(20);
      expect(findings).toEqual(await here.check(check));
      const later = [...migrations, { version: 3, sql: 'CREATE TABLE later (x)' }];
      await using newest = await apart.newest(later, temporary);
      expect(await newest.ask(['SELECT count(*) AS count FROM later'])).toEqual([[{ count: 0 }]]);
      for (const each of [here, apart]) {
        await expect(each.ask([...counted, 'SELECT * FROM missing'])).rejects.toMatchObject({
          code: 'database-failed',
          message: expect.stringContaining(`Cannot read database "${path}": no such table`),
        });
      }
    }
  });

  it('is reported when rows refer to rows that are missing, or tables differ from those the migrations make', async () => {
    const path = write({
      change(database) {
        database.pragma('foreign_keys = OFF');
        database.exec('DELETE FROM boxes; DROP INDEX letters_by_box; CREATE TABLE strange (x)');
      },
    });
    await using database = await openDatabaseAtRest(path, temporary);
    const findings = await database.check(check);
    expect(findings.filter(({ code }) => code === 'database-orphan')).toHaveLength(20);
    expect(findings.filter(({ code }) => code === 'database-schema').map(({ message }) => message)).toEqual([
      'The index "letters_by_box" is missing',
      'The table "strange" is not the software\'s',
    ]);
  });

  it('is compared with the version that it has', async () => {
    const path = write();
    await using database = await openDatabaseAtRest(path, temporary);
    const later = [...migrations, { version: 3, sql: 'CREATE TABLE later (x)' }];
    expect(await database.check({ ...check, migrations: later })).toEqual([]);
    expect(await database.check({ ...check, migrations: migrations.slice(0, 1) })).toMatchObject([
      { code: 'database-schema', message: expect.stringContaining('version 2') },
    ]);
  });
});
