import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { checkFilesHere } from '../database/check-files-here.ts';
import type { DatabaseEngine } from '../database/engine.ts';
import { createTestEngine } from '../database/sqlite/test-engine-fixture.ts';
import { limits } from '../runtime/limits.ts';
import { silentLog } from '../runtime/log.ts';
import { junkDatabase } from './junk-database.ts';
import { JunkFilters, originCountsSql } from './junk-filters.ts';
import { createJunkPart } from './junk-part.ts';
import { OnceFile } from './once-file.ts';

const part = createJunkPart();
const { signal } = new AbortController();

async function start(): Promise<{ directory: string; engine: DatabaseEngine; filters: JunkFilters }> {
  const directory = await mkdtemp(join(tmpdir(), 'restante-junk-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'accounts', 'me'), { recursive: true });
  const engine = createTestEngine();
  onTestFinished(() => engine[Symbol.asyncDispose]());
  return { directory, engine, filters: open(engine, directory) };
}

function open(engine: DatabaseEngine, dataDirectory: string): JunkFilters {
  const filters = new JunkFilters({ engine, dataDirectory, log: silentLog });
  onTestFinished(() => filters[Symbol.asyncDispose]());
  return filters;
}

async function codes(directory: string): Promise<string[]> {
  const found = await Array.fromAsync(part.verify(directory, { checkFiles: checkFilesHere(directory), signal }));
  return found.map(({ code }) => code);
}

const lesson = (contentId: number, isJunk: boolean | null, text: string) => ({
  contentId,
  isJunk,
  words: new Set(text.split(' ')),
});

it('counts messages by where they came from, until they are unlearned, and finds the counts by their key', async () => {
  const { filters, directory, engine } = await start();
  expect(await filters.originCounts('me', ['author a@a'])).toEqual(new Map());
  const from = (id: number, isJunk: boolean | null, ...origins: string[]) => ({
    ...lesson(id, isJunk, `w${id}`),
    origins,
  });
  await filters.learn('me', [
    from(1, true, 'author a@a', 'domain a'),
    from(2, false, 'author b@a', 'domain a'),
    from(3, false, 'author b@a', 'domain a', 'domain a'),
  ]);
  const counts = () => filters.originCounts('me', ['author a@a', 'author b@a', 'domain a', 'domain z']);
  const first = new Map([
    ['author a@a', { ham: 0, junk: 1 }],
    ['author b@a', { ham: 2, junk: 0 }],
    ['domain a', { ham: 2, junk: 1 }],
  ]);
  expect(await counts()).toEqual(first);
  await filters.learn('me', [from(1, true, 'author a@a', 'domain a')]);
  expect(await counts()).toEqual(first);
  // What it counted for is taken back, whatever is said of it now.
  await filters.learn('me', [from(1, false, 'author a@a'), from(2, null), from(3, null)]);
  expect(await counts()).toEqual(new Map([['author a@a', { ham: 1, junk: 0 }]]));
  await filters.startAnew('me');
  expect(await counts()).toEqual(new Map());
  const path = join(directory, 'accounts', 'me', 'junkfilter.db');
  await using database = await engine.open(junkDatabase, path);
  const plan = await database.read((reader) =>
    reader.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${originCountsSql}`, ['[1]']),
  );
  expect(plan.map(({ detail }) => detail)).toContain('SEARCH origins USING INTEGER PRIMARY KEY (rowid=?)');
  expect(plan.filter(({ detail }) => detail.startsWith('SCAN origins'))).toEqual([]);
});

it('tells junk from other mail by the words it has learned, and forgets what is unlearned', async () => {
  const { filters } = await start();
  const junk = Array.from({ length: 30 }, (_, at) => lesson(at, true, `buy pills now ${at % 7} offer${at}`));
  const ham = Array.from({ length: 30 }, (_, at) => lesson(100 + at, false, `see you at dinner ${at % 7} plan${at}`));
  await filters.learn('me', [...junk, ...ham]);
  const of = async (text: string): Promise<number> => (await filters.score('me', new Set(text.split(' ')))).probability;
  expect(await of('buy pills now')).toBeGreaterThan(0.95);
  expect(await of('see you at dinner')).toBeLessThan(0.05);
  expect(await of('never seen')).toBe(0.5);
  const before = await filters.score('me', new Set(['buy', 'offer3', 'plan4']));
  await filters.learn('me', [...junk, ...ham]);
  expect(await filters.score('me', new Set(['buy', 'offer3', 'plan4']))).toEqual(before);
  await filters.learn(
    'me',
    junk.map(({ contentId, words }) => ({ contentId, isJunk: null, words })),
  );
  expect((await filters.state('me'))?.learned).toEqual({ ham: 30, junk: 0 });
  expect(await of('buy pills now')).toBe(0.5);
});

it('has the counts of the messages that count, whatever was learned, unlearned and relearned', async () => {
  const { filters } = await start();
  const vocabulary = ['a', 'b', 'c', 'd', 'e', 'f'];
  const message = (id: number): Set<string> => new Set(vocabulary.filter((_, at) => (id * 7 + at * 3) % 4 < 2));
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 9 }), fc.constantFrom(true, false, null)), { maxLength: 30 }),
      async (changes) => {
        await filters.startAnew('me');
        round++;
        const now = new Map<number, boolean>();
        for (const [id, isJunk] of changes) {
          await filters.learn('me', [{ contentId: id, isJunk, words: message(id) }]);
          if (isJunk === null) now.delete(id);
          else now.set(id, isJunk);
        }
        const junk = [...now.values()].filter(Boolean).length;
        expect((await filters.state('me'))?.learned ?? { ham: 0, junk: 0 }).toEqual({ ham: now.size - junk, junk });
        expect(await filters.learnedAs('me', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual(now);
        for (const word of vocabulary) {
          const having = [...now].filter(([id]) => message(id).has(word));
          const { knownWords } = await filters.score('me', new Set([word]));
          if (having.length > 0) expect(knownWords).toBe(1);
        }
      },
    ),
    { numRuns: 30 },
  );
  expect(round).toBeGreaterThan(0);
});

/** Learns messages of words that nobody else has, until they are put into the file. */
async function fill(filters: JunkFilters, first: number, isJunk: boolean): Promise<void> {
  for (let at = 0; at * 1000 <= limits.junkOnceRows; at++) {
    const words = new Set(Array.from({ length: 1000 }, (_, word) => `w${first + at}-${word}`));
    await filters.learn('me', [{ contentId: first + at, isJunk, words }]);
  }
}

it('keeps words seen once in a file, which counts as its database does, also after a crash between the two', async () => {
  const { directory, engine, filters } = await start();
  const bloom = join(directory, 'accounts', 'me', 'junkfilter.bloom');
  const database = join(directory, 'accounts', 'me', 'junkfilter.db');
  await fill(filters, 0, true);
  expect((await OnceFile.read(bloom))?.number).toBe(1);
  const known = async (from: JunkFilters): Promise<number> =>
    (await from.score('me', new Set(['w3-7', 'w4-8', 'unknown']))).knownWords;
  expect(await known(filters)).toBe(2);
  // The second time a word is seen its first time counts, with its kind.
  await filters.learn('me', [lesson(500, false, 'w3-7')]);
  expect((await filters.score('me', new Set(['w3-7']))).knownWords).toBe(1);
  await filters[Symbol.asyncDispose]();
  expect(await codes(directory)).toEqual([]);
  // As if the server had ended after it wrote the second file, and before its database knew of that.
  const before = join(directory, 'before.db');
  await copyFile(database, before);
  const again = open(engine, directory);
  await fill(again, 100, false);
  await again[Symbol.asyncDispose]();
  await copyFile(before, database);
  expect((await OnceFile.read(bloom))?.number).toBe(2);
  expect(await codes(directory)).toEqual([]);
  const after = open(engine, directory);
  expect(await known(after)).toBe(2);
  await fill(after, 100, false);
  expect((await OnceFile.read(bloom))?.number).toBeGreaterThanOrEqual(2);
  await after[Symbol.asyncDispose]();
  expect(await codes(directory)).toEqual([]);
});

it('forgets words seen once when it starts anew, though their file stays for a backup', async () => {
  const { directory, engine, filters } = await start();
  await fill(filters, 0, true);
  expect((await filters.score('me', new Set(['w3-7']))).knownWords).toBe(1);
  await filters.startAnew('me');
  const known = async (from: JunkFilters): Promise<number> => {
    const words = new Set(Array.from({ length: 1000 }, (_, word) => `w3-${word}`));
    return (await from.score('me', words)).knownWords;
  };
  expect(await known(filters)).toBe(0);
  await filters[Symbol.asyncDispose]();
  expect(await codes(directory)).toEqual([]);
  const again = open(engine, directory);
  expect(await known(again)).toBe(0);
  await fill(again, 100, true);
  expect(await known(again)).toBeLessThan(20);
  await again[Symbol.asyncDispose]();
  expect(await codes(directory)).toEqual([]);
  // A database that somebody has deleted is made anew beside the file.
  await rm(join(directory, 'accounts', 'me', 'junkfilter.db'));
  const anew = open(engine, directory);
  await anew.learn('me', [lesson(1, true, 'a b')]);
  expect(await known(anew)).toBe(0);
  await anew[Symbol.asyncDispose]();
  expect(await codes(directory)).toEqual([]);
});

it('goes on without a file that is damaged or gone, which verification names', async () => {
  const { directory, engine, filters } = await start();
  const bloom = join(directory, 'accounts', 'me', 'junkfilter.bloom');
  await fill(filters, 0, true);
  await filters[Symbol.asyncDispose]();
  const content = await readFile(bloom);
  content[content.length - 5]! ^= 1;
  await writeFile(bloom, content);
  expect(await codes(directory)).toEqual(['junk-file-damaged']);
  const damaged = open(engine, directory);
  expect((await damaged.score('me', new Set(['w3-7']))).knownWords).toBe(0);
  await fill(damaged, 100, true);
  await damaged[Symbol.asyncDispose]();
  expect(await codes(directory)).toEqual([]);
  await rm(bloom);
  expect(await codes(directory)).toEqual(['junk-file-differs']);
  await rm(join(directory, 'accounts', 'me', 'junkfilter.db'));
  await writeFile(bloom, content);
  expect(await codes(directory)).toEqual(['junk-database-missing']);
});

it('writes no file while a snapshot is open, so that a backup has both of one instant', async () => {
  const { directory, engine, filters } = await start();
  const bloom = join(directory, 'accounts', 'me', 'junkfilter.bloom');
  await fill(filters, 0, true);
  const first = await readFile(bloom);
  {
    await using snapshot = await engine.snapshot(async () => part.captureAtInstant(directory));
    await fill(filters, 100, true);
    expect(await readFile(bloom)).toEqual(first);
    const captured = await Array.fromAsync(part.capture(snapshot, directory));
    expect(captured).toMatchObject([{ kind: 'database' }, { kind: 'content', bytes: first, mode: 0o600 }]);
  }
  await fill(filters, 200, true);
  expect((await OnceFile.read(bloom))?.number).toBeGreaterThan(1);
});
