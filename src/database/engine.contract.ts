import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LedgerSchema, ledgerKind, type operations } from './contract-fixture/operations.ts';
import type { Database, DatabaseEngine, Reader } from './engine.ts';

type Ledger = Database<LedgerSchema, typeof operations>;

async function count(reader: Reader<LedgerSchema>): Promise<number> {
  return Number((await reader.first<{ count: number }>('SELECT count(*) AS count FROM entries'))?.count);
}

async function texts(ledger: Ledger): Promise<string[]> {
  return await ledger.read(async (reader) =>
    (await reader.all<{ text: string }>('SELECT text FROM entries ORDER BY id')).map((row) => row.text),
  );
}

/** What every database engine must do. */
export function describeEngine(name: string, createEngine: () => DatabaseEngine): void {
  describe(`${name} as a database engine`, () => {
    let directory: string;
    let engine: DatabaseEngine;

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'restante-engine-'));
      engine = createEngine();
    });
    afterEach(async () => {
      await engine[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    });
    const open = (file = 'ledger.db') => engine.open(ledgerKind, join(directory, file));

    describe('reads and writes', () => {
      it('returns what an operation returns, and shows its change to every later read', async () => {
        const ledger = await open();
        const id = await ledger.write('add', { text: 'rent', amount: 700, bytes: new Uint8Array([1, 2, 3]) });
        const row = await ledger.read((reader) =>
          reader.first<LedgerSchema['entries']>('SELECT * FROM entries WHERE id = ?', [id]),
        );
        expect(row).toMatchObject({ id, text: 'rent', amount: 700 });
        expect([...(row?.bytes ?? [])]).toEqual([1, 2, 3]);
      });

      it('has another version after each write, and none while one is under way', async () => {
        const ledger = await open();
        const seen = [ledger.version];
        const writes = [
          () => ledger.write('add', { text: 'a' }),
          () => ledger.write('addAndFail', { text: 'x', how: 'other' as const }).catch(() => {}),
          () => Promise.all([ledger.write('add', { text: 'b' }), ledger.write('add', { text: 'c' })]),
        ];
        for (const write of writes) {
          const writing = write();
          expect(ledger.version).toBeUndefined();
          await writing;
          await ledger.read(count);
          seen.push(ledger.version);
        }
        expect(new Set(seen.filter((version) => version !== undefined)).size).toBe(4);
      });

      it('has the same version for all that have a database open', async () => {
        const [one, other] = [await open(), await open()];
        await one.write('add', { text: 'a' });
        expect(other.version).toBe(one.version);
        const writing = other.write('add', { text: 'b' });
        expect(one.version).toBeUndefined();
        await writing;
      });

      it('lets an operation read its own writes, with typed queries', async () => {
        const ledger = await open();
        await ledger.write('add', { text: 'a', amount: 2 });
        expect(await ledger.write('addTyped', { text: 'b', amount: 5 })).toEqual({ id: 2, sum: 7 });
        const rows = await ledger.read((reader) =>
          reader.kysely.selectFrom('entries').select('text').orderBy('id').execute(),
        );
        expect(rows).toEqual([{ text: 'a' }, { text: 'b' }]);
      });

      it('commits every one of many writes made at once', async () => {
        const ledger = await open();
        const ids = await Promise.all(
          Array.from({ length: 700 }, (_, index) => ledger.write('add', { text: `entry ${index}` })),
        );
        expect(new Set(ids).size).toBe(700);
        expect(await ledger.read(count)).toBe(700);
      });

      it('runs the writes of one caller in the order they were made', async () => {
        const ledger = await open();
        const expected = Array.from({ length: 50 }, (_, index) => `entry ${index}`);
        await Promise.all(expected.map((text) => ledger.write('add', { text })));
        expect(await texts(ledger)).toEqual(expected);
      });

      it('undoes only the operation that fails among many of one batch', async () => {
        const ledger = await open();
        const results = await Promise.allSettled(
          Array.from({ length: 60 }, (_, index) => {
            const how = (['restante', 'other', 'constraint'] as const)[index % 3]!;
            return index % 4 === 0
              ? ledger.write('addAndFail', { text: `entry ${index}`, how })
              : ledger.write('add', { text: `entry ${index}` });
          }),
        );
        for (const [index, { status }] of results.entries())
          expect(status).toBe(index % 4 === 0 ? 'rejected' : 'fulfilled');
        expect(await ledger.read(count)).toBe(45);
        expect((await texts(ledger)).every((text) => Number(text.split(' ')[1]) % 4 !== 0)).toBe(true);
      });

      it('hands on code, message, hint and context of an error that an operation throws', async () => {
        const ledger = await open();
        await expect(ledger.write('addAndFail', { text: 'x', how: 'restante' })).rejects.toMatchObject({
          code: 'ledger-refused',
          message: 'Cannot add "x": refused',
          hint: 'Ask nicely.',
          context: { text: 'x' },
        });
        await expect(ledger.write('addAndFail', { text: 'x', how: 'constraint' })).rejects.toMatchObject({
          code: 'database-constraint',
        });
        await expect(ledger.write('addAndFail', { text: 'x', how: 'other' })).rejects.toMatchObject({
          code: 'database-operation-failed',
          cause: { message: 'a mistake' },
        });
        expect(await ledger.read(count)).toBe(0);
      });

      it('undoes an operation that waits for something else, and only that one', async () => {
        const ledger = await open();
        const results = await Promise.allSettled([
          ledger.write('add', { text: 'before' }),
          ledger.write('addAndWait', { text: 'waits', waitMs: 5 }),
          ledger.write('add', { text: 'after' }),
        ]);
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(results[1]).toMatchObject({ reason: { code: 'database-operation-waited' } });
        await new Promise((resolve) => setTimeout(resolve, 30));
        expect(await texts(ledger)).toEqual(['before', 'after']);
      });

      it('commits an operation when its preparation is done, and undoes only that one when it fails', async () => {
        const ledger = await open();
        const path = (text: string): string => join(directory, text);
        const slip = async (text: string, fails?: 'preparation' | 'operation'): Promise<string> => {
          await ledger.write('addWithSlip', { text, path: path(text), ...(fails !== undefined && { fails }) });
          return await readFile(path(text), 'utf8');
        };
        const wrong = 'is run again beside one that waits';
        const results = await Promise.allSettled([
          slip('a'),
          ledger.write('add', { text: 'b' }),
          slip('c', 'preparation'),
          ledger.write('add', { text: 'd' }),
          slip('e', 'operation'),
          slip(wrong),
          ledger.write('addAndWait', { text: 'f', waitMs: 5 }),
          slip('g'),
        ]);
        const outcomes = results.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.code));
        expect(outcomes).toMatchObject({
          ...{ 0: 'a', 2: 'slip-refused', 4: 'ledger-refused', 5: wrong, 6: 'database-operation-waited', 7: 'g' },
        });
        expect(await texts(ledger)).toEqual(['a', 'b', 'd', wrong, 'g']);
      });

      it('fails a write alone whose arguments or result cannot be sent', async () => {
        const ledger = await open();
        const results = await Promise.allSettled([
          ledger.write('add', { text: 'a' }),
          ledger.write('add', (() => {}) as never),
          ledger.write('unsendable', null),
          ledger.write('nonsense' as 'unsendable', null),
          ledger.write('add', { text: 'b' }),
        ]);
        expect(results.map(({ status }) => status)).toEqual([
          'fulfilled',
          'rejected',
          'rejected',
          'rejected',
          'fulfilled',
        ]);
        expect(await texts(ledger)).toEqual(['a', 'b']);
      });

      it('reads one state throughout a read while writes go on', async () => {
        const ledger = await open();
        await ledger.write('add', { text: 'first' });
        await ledger.read(async (reader) => {
          expect(await count(reader)).toBe(1);
          await ledger.write('add', { text: 'second' });
          expect(await count(reader)).toBe(1);
          expect(await ledger.read(count)).toBe(2);
        });
        expect(await ledger.read(count)).toBe(2);
      });

      it('serves more reads at once than it has connections, in turn', async () => {
        const ledger = await open();
        await ledger.write('add', { text: 'only' });
        const counts = await Promise.all(
          Array.from({ length: 40 }, () =>
            ledger.read(async (reader) => {
              await new Promise((resolve) => setTimeout(resolve, 2));
              return await count(reader);
            }),
          ),
        );
        expect(counts).toEqual(Array(40).fill(1));
      });

      it('hands on what a read throws, and goes on reading', async () => {
        const ledger = await open();
        const mine = new Error('mine');
        await expect(ledger.read(() => Promise.reject(mine))).rejects.toBe(mine);
        await expect(ledger.read((reader) => reader.all('SELECT nonsense'))).rejects.toMatchObject({
          code: 'database-failed',
        });
        await expect(
          ledger.read((reader) =>
            (reader as unknown as { run(sql: string): Promise<void> }).run('DELETE FROM entries'),
          ),
        ).rejects.toThrow();
        expect(await ledger.read(count)).toBe(0);
      });
    });

    describe('opening', () => {
      it('shares one database among openings of one path, each disposed of by itself', async () => {
        const [one, two] = await Promise.all([open(), open()]);
        await one.write('add', { text: 'a' });
        await one[Symbol.asyncDispose]();
        await one[Symbol.asyncDispose]();
        await two.write('add', { text: 'b' });
        expect(await two.read(count)).toBe(2);
        await two[Symbol.asyncDispose]();
        await expect(two.write('add', { text: 'c' })).rejects.toMatchObject({ code: 'database-closed' });
        expect(await (await open()).read(count)).toBe(2);
      });

      it('ends writes under way before it closes', async () => {
        const ledger = await open();
        const writes = Array.from({ length: 300 }, (_, index) => ledger.write('add', { text: `entry ${index}` }));
        await engine[Symbol.asyncDispose]();
        expect((await Promise.allSettled(writes)).every(({ status }) => status === 'fulfilled')).toBe(true);
        engine = createEngine();
        expect(await (await open()).read(count)).toBe(300);
      });

      it('says that it cannot open a database below a folder that is missing', async () => {
        await expect(open('missing/ledger.db')).rejects.toThrow(/Cannot open database ".*ledger.db"/);
        await mkdir(join(directory, 'missing'));
        expect(await (await open('missing/ledger.db')).read(count)).toBe(0);
      });
    });

    describe('snapshots', () => {
      it('shows what databases held at the instant, whatever is written after', async () => {
        const ledger = await open();
        await ledger.write('add', { text: 'before' });
        await using snapshot = await engine.snapshot();
        await ledger.write('add', { text: 'after' });
        expect(await snapshot.read(ledger.path, count)).toBe(1);
        expect(await ledger.read(count)).toBe(2);
      });

      it('is one instant of all databases while writes go on', async () => {
        const pairs = await Promise.all(
          [0, 1, 2].map(async (pair) => [await open(`from ${pair}`), await open(`to ${pair}`)] as const),
        );
        let stop = false;
        const writers = pairs.flatMap(([from, to], pair) =>
          [0, 1, 2].map(async (writer) => {
            for (let step = 0; !stop; step++) {
              await from.write('add', { text: `${pair} ${writer} ${step}`, amount: -1 });
              await to.write('add', { text: `${pair} ${writer} ${step}`, amount: 1 });
            }
          }),
        );
        const sum = async (reader: Reader<LedgerSchema>) =>
          Number((await reader.first<{ sum: number }>('SELECT coalesce(sum(amount), 0) AS sum FROM entries'))?.sum);
        for (let round = 0; round < 8; round++) {
          await new Promise((resolve) => setTimeout(resolve, 10));
          await using one = await engine.snapshot();
          await using two = await engine.snapshot();
          for (const snapshot of [one, two]) {
            for (const [from, to] of pairs) {
              const taken = -(await snapshot.read(from.path, sum));
              const given = await snapshot.read(to.path, sum);
              // Each of the three writers may be between its two writes.
              expect(taken - given).toBeGreaterThanOrEqual(0);
              expect(taken - given).toBeLessThanOrEqual(3);
            }
          }
          // Whoever was between two writes at the first instant has gone on by the second, or not: never backwards.
          for (const [from] of pairs)
            expect(await two.read(from.path, sum)).toBeLessThanOrEqual(await one.read(from.path, sum));
        }
        stop = true;
        await Promise.all(writers);
      });

      it('holds what was there in databases that are opened, or reopened, after the instant', async () => {
        await using closed = await open('closed.db');
        await closed.write('add', { text: 'before' });
        await closed[Symbol.asyncDispose]();
        await using never = await open('never.db');
        await never.write('add', { text: 'before' });
        await never[Symbol.asyncDispose]();

        await using snapshot = await engine.snapshot();
        const reopened = await open('closed.db');
        await reopened.write('add', { text: 'after' });
        const made = await open('new.db');
        await made.write('add', { text: 'after' });

        expect(await snapshot.read(closed.path, count)).toBe(1);
        expect(await snapshot.read(never.path, count)).toBe(1);
        await expect(snapshot.read(made.path, count)).rejects.toMatchObject({ code: 'database-not-in-snapshot' });
        const late = await open('never.db');
        await late.write('add', { text: 'after' });
        expect(await snapshot.read(never.path, count)).toBe(1);
        expect(await late.read(count)).toBe(2);
      });

      it('holds a database that is opened while it is read for the snapshot', async () => {
        const first = await open();
        await first.write('add', { text: 'before' });
        await first[Symbol.asyncDispose]();
        await using snapshot = await engine.snapshot();
        await snapshot.read(first.path, async (reader) => {
          expect(await count(reader)).toBe(1);
          await (await open()).write('add', { text: 'after' });
          expect(await count(reader)).toBe(1);
        });
        expect(await snapshot.read(first.path, count)).toBe(1);
      });

      it('waits for changes of files, and holds those that come, but not writes, until the instant has passed', async () => {
        const ledger = await open();
        const events: string[] = [];
        const change = engine.changeFiles(async () => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          await engine.changeFiles(async () => {
            await ledger.write('add', { text: 'inside a change' });
          });
          await open('opened inside a change');
          events.push('changed');
        });
        const snapshot = engine.snapshot(async () => {
          events.push('instant');
        });
        await new Promise((resolve) => setTimeout(resolve, 5));
        const later = engine.changeFiles(async () => {
          events.push('changed later');
        });
        await Promise.all([change, later]);
        await using taken = await snapshot;
        expect(await taken.read(ledger.path, count)).toBe(1);
        expect(events).toEqual(['changed', 'instant', 'changed later']);
      });

      it('opens the gate again when what runs at the instant fails', async () => {
        const ledger = await open();
        await expect(engine.snapshot(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
        expect(engine.filesMayBeErased).toBe(true);
        await ledger.write('add', { text: 'goes on' });
        await engine.changeFiles(async () => {});
        await using snapshot = await engine.snapshot();
        expect(await snapshot.read(ledger.path, count)).toBe(1);
      });

      it('says that files may not be erased while any snapshot is open', async () => {
        expect(engine.filesMayBeErased).toBe(true);
        const one = await engine.snapshot(async () => expect(engine.filesMayBeErased).toBe(false));
        const two = await engine.snapshot();
        await one[Symbol.asyncDispose]();
        expect(engine.filesMayBeErased).toBe(false);
        await two[Symbol.asyncDispose]();
        await two[Symbol.asyncDispose]();
        expect(engine.filesMayBeErased).toBe(true);
        await expect(two.read(join(directory, 'ledger.db'), count)).rejects.toMatchObject({ code: 'database-closed' });
      });

      it('copies databases of any size as of the instant, to a new file', async () => {
        const small = await open('small.db');
        await small.write('add', { text: 'a' });
        const large = await open('large.db');
        await large.write('addMany', { count: 1500, bytes: 4000 });
        await using snapshot = await engine.snapshot();
        let stop = false;
        const writing = (async () => {
          for (let step = 0; !stop; step++) {
            await Promise.all([
              small.write('add', { text: `${step}` }),
              large.write('addMany', { count: 5, bytes: 4000 }),
            ]);
          }
        })();
        const progress: [number, number][] = [];
        const signal = AbortSignal.timeout(15_000);
        await snapshot.copy(small.path, join(directory, 'copy of small.db'), { signal });
        await snapshot.copy(large.path, join(directory, 'copy of large.db'), {
          signal,
          onProgress: (done, total) => progress.push([done, total]),
        });
        stop = true;
        await writing;
        expect(progress.length).toBeGreaterThan(0);
        for (const [done, total] of progress) expect(done).toBeLessThanOrEqual(total);
        expect(await (await open('copy of small.db')).read(count)).toBe(1);
        expect(await (await open('copy of large.db')).read(count)).toBe(1500);
        await expect(snapshot.copy(small.path, join(directory, 'copy of large.db'), { signal })).rejects.toThrow(
          /EEXIST|exist/,
        );
        expect(await (await open('copy of large.db')).read(count)).toBe(1500);
      });

      it('leaves no file of a copy that is cancelled', async () => {
        const large = await open();
        await large.write('addMany', { count: 1500, bytes: 4000 });
        await using snapshot = await engine.snapshot();
        const abort = new AbortController();
        const copy = join(directory, 'copy.db');
        await expect(
          snapshot.copy(large.path, copy, { signal: abort.signal, onProgress: () => abort.abort() }),
        ).rejects.toMatchObject({ name: 'AbortError' });
        await using again = await engine.snapshot();
        await again.copy(large.path, copy, { signal: AbortSignal.timeout(10_000) });
      });
    });
  });
}
