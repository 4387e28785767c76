import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import type { Account } from '../account.ts';
import { deliver, inbox, message, openTestStore } from '../store-fixture.ts';
import { createStorePart } from '../store-part.ts';
import { AccountTextIndex } from './account-text-index.ts';
import { IndexReaders } from './index-reader.ts';
import { TextIndexThread } from './index-thread.ts';
import { trigramsOf, wordsOf } from './trigrams.ts';

async function candidates(account: Account, text: string): Promise<number[] | undefined> {
  const { id } = await inbox(account);
  const uids = await account.textIndex?.candidates(id, text, 'text');
  return uids === undefined ? undefined : [...uids];
}

describe('trigrams', () => {
  it('are those of the text in the form in which it is compared', () => {
    expect(trigramsOf('Hello', { words: false })).toEqual(['HEL', 'ELL', 'LLO']);
    expect(trigramsOf('né', { words: false })).toEqual(['NE\u0301']);
    expect(trigramsOf('ab', { words: false })).toEqual([]);
    expect(trigramsOf('a bcd', { words: false })).toEqual(['A B', ' BC', 'BCD']);
    expect(trigramsOf('a bcd', { words: true })).toEqual(['BCD']);
    expect(trigramsOf('x'.repeat(1000), { words: false })).toEqual(['XXX']);
    expect(trigramsOf(Array.from({ length: 99 }, (_, at) => String(at)).join(''), { words: false })).toHaveLength(32);
    expect(wordsOf('"Don\'t" (x-y) été 日本')).toEqual(['Don', 't', 'x', 'y', 'été', '日本']);
  });
});

describe('the index of texts', () => {
  it('names the messages that may have a text, and those that it does not know yet', async () => {
    const { accounts } = await openTestStore(undefined, { indexTextsAfterMs: 3_600_000 });
    await using account = await accounts.open('me');
    for (const subject of ['tomato soup', 'potato soup', 'cake']) await deliver(accounts, account, message(subject));
    expect(await candidates(account, 'soup')).toBeUndefined();
    await account.textIndex!.run();
    expect(await candidates(account, 'OTATO')).toEqual([2]);
    expect(await candidates(account, 'soup')).toEqual([1, 2]);
    expect(await candidates(account, 'pizza')).toEqual([]);
    expect(await candidates(account, 'pi')).toBeUndefined();
    await deliver(accounts, account, message('pizza'));
    expect(await candidates(account, 'pasta')).toEqual([4]);
    await account.textIndex!.run();
    expect(await candidates(account, 'pasta')).toEqual([]);
    expect(await candidates(account, 'pizza')).toEqual([4]);
    // Asked again, for another part of the messages, and when another has come.
    const inboxId = (await inbox(account)).id;
    for (const where of ['text', 'body', 'text'] as const) {
      expect([...(await account.textIndex!.candidates(inboxId, 'pizza', where))!]).toEqual(where === 'body' ? [] : [4]);
    }
    await deliver(accounts, account, message('pizza, too'));
    await account.textIndex!.run();
    expect(await candidates(account, 'pizza')).toEqual([4, 5]);
    // A copy shares the content, and a mailbox nobody has looked at has none.
    const { id } = await account.mailboxes.create('Copies');
    await account.messages.copy((await inbox(account)).id, [4], id);
    expect([...(await account.textIndex!.candidates(id, 'pasta', 'text'))!]).toEqual([1]);
    await account.textIndex!.run();
    expect([...(await account.textIndex!.candidates(id, 'pasta', 'text'))!]).toEqual([]);
    expect([...(await account.textIndex!.candidates(id, 'pizza', 'text'))!]).toEqual([1]);
  });

  it('is made in the background', async () => {
    const { accounts } = await openTestStore(undefined, { indexTextsAfterMs: 10 });
    await using account = await accounts.open('me');
    await deliver(accounts, account, message('soup'));
    await expect.poll(() => candidates(account, 'nothing of it'), { timeout: 20_000 }).toEqual([]);
    expect(await candidates(account, 'soup')).toEqual([1]);
  });

  it('is there when the account is opened again, and is made again when it is gone, broken, or another account’s', async () => {
    const first = await openTestStore(undefined, { indexTextsAfterMs: 3_600_000 });
    const path = (name: string): string => join(first.dataDirectory, 'accounts', name, 'search.db');
    for (const name of ['me', 'you']) {
      await using account = await first.accounts.open(name);
      await deliver(first.accounts, account, message(`subject of ${name}`));
      await account.textIndex!.run();
    }
    await first.close();
    expect(statSync(path('me')).mode & 0o777).toBe(0o600);
    const copies: Record<string, () => void> = {
      'as it is': () => {},
      broken: () => writeFileSync(path('me'), 'no database, but long enough to be taken for one'.repeat(100)),
      "another's": () => writeFileSync(path('me'), readFileSync(path('you'))),
    };
    for (const [name, change] of Object.entries(copies)) {
      change();
      const store = await openTestStore(first.dataDirectory, { indexTextsAfterMs: 3_600_000 });
      {
        await using account = await store.accounts.open('me');
        await account.textIndex!.run();
        expect(await candidates(account, 'subject of me'), name).toEqual([1]);
        expect(await candidates(account, 'subject of you'), name).toEqual([]);
      }
      await store.close();
    }
  });

  it('is made again when messages are parsed again and turn out to be others', async () => {
    for (const indexed of [true, false]) {
      const options = { indexTextsAfterMs: 3_600_000, checkWhenClosed: false };
      const first = await openTestStore(undefined, options);
      {
        await using account = await first.accounts.open('me');
        await deliver(first.accounts, account, message('subject', 'Content-Type: image/x\n'));
        await account.textIndex!.run();
        expect(await candidates(account, 'subject')).toEqual([1]);
        expect(await candidates(account, 'Hello')).toEqual([]);
      }
      await first.close();
      const path = join(first.dataDirectory, 'accounts/me/index.db');
      const { default: SqliteDatabase } = await import('better-sqlite3');
      const database = new SqliteDatabase(path);
      // As if an older version had not known the field.
      database.exec(`UPDATE contents SET structure = replace(structure, '"type":"image"', '"type":"audio"')`);
      database.close();
      const second = await openTestStore(first.dataDirectory, indexed ? options : { checkWhenClosed: false });
      {
        await using account = await second.accounts.open('me');
        await account.textIndex?.run();
        const { signal } = new AbortController();
        const { identity } = account;
        const repaired = await account.repair('reparse', { dryRun: false, signal, onProgress: () => {} });
        expect(repaired.changes).toEqual([{ what: 'messages described anew', count: 1 }]);
        expect(account.identity).not.toBe(identity);
        expect(await candidates(account, 'Hello')).toBeUndefined();
        await account.textIndex?.run();
        expect(await candidates(account, 'Hello')).toEqual(indexed ? [] : undefined);
      }
      expect(existsSync(join(first.dataDirectory, 'accounts/me/search.db'))).toBe(indexed);
      await second.close();
    }
  });

  it('is made again also when messages are parsed again and that is ended in the middle', async () => {
    const options = { indexTextsAfterMs: 3_600_000, checkWhenClosed: false };
    const first = await openTestStore(undefined, { checkWhenClosed: false });
    {
      await using account = await first.accounts.open('me');
      for (let at = 0; at < 201; at++) await deliver(first.accounts, account, message(`number ${at}`));
    }
    await first.close();
    const { default: SqliteDatabase } = await import('better-sqlite3');
    const database = new SqliteDatabase(join(first.dataDirectory, 'accounts/me/index.db'));
    database.exec(`UPDATE contents SET structure = replace(structure, '"type":"text"', '"type":"audio"')`);
    database.close();
    const second = await openTestStore(first.dataDirectory, options);
    {
      await using account = await second.accounts.open('me');
      await account.textIndex!.run();
      expect(await candidates(account, 'Hello')).toEqual([]);
      const controller = new AbortController();
      const onProgress = (): void => controller.abort();
      const repair = account.repair('reparse', { dryRun: false, signal: controller.signal, onProgress });
      await expect(repair).rejects.toThrow();
      expect(await candidates(account, 'Hello')).toBeUndefined();
      await account.textIndex!.run();
      expect(await candidates(account, 'Hello')).toHaveLength(200);
    }
    await second.close();
  });

  it('is made again after a restore, and is part of no backup', async () => {
    const first = await openTestStore(undefined, { indexTextsAfterMs: 3_600_000 });
    {
      await using account = await first.accounts.open('me');
      await deliver(first.accounts, account, message('before'));
      await account.textIndex!.run();
    }
    const part = createStorePart();
    expect(part.owns('accounts/me/search.db')).toBe(true);
    expect(part.owns('accounts/me/search.db-wal')).toBe(true);
    await part.captureAtInstant(first.dataDirectory);
    {
      await using snapshot = await first.engine.snapshot();
      for await (const file of part.capture(snapshot, first.dataDirectory)) {
        expect(JSON.stringify(file)).not.toContain('search.db');
      }
    }
    await first.close();
    const second = await openTestStore(first.dataDirectory, { indexTextsAfterMs: 3_600_000 });
    await part.afterRestore?.(second.engine, first.dataDirectory, { instant: 0, now: 1_000_000, restores: 0 });
    await using account = await second.accounts.open('me');
    await account.textIndex!.run();
    expect(await candidates(account, 'before')).toEqual([1]);
    expect(await candidates(account, 'after')).toEqual([]);
  });

  it('goes on where it was when its thread ends in the middle', async () => {
    const { accounts, engine, dataDirectory } = await openTestStore();
    await using account = await accounts.open('me');
    for (let at = 0; at < 130; at++) await deliver(accounts, account, message(`number ${at} of them`));
    const directory = join(dataDirectory, 'accounts', 'me');
    const { accountDatabaseKind } = await import('../account-database.ts');
    const database = await engine.open(accountDatabaseKind, join(directory, 'index.db'));
    onTestFinished(() => database[Symbol.asyncDispose]());
    const { id } = await inbox(account);
    const added: number[] = [];
    class StoppingThread extends TextIndexThread {
      override async request(...args: Parameters<TextIndexThread['request']>): Promise<never> {
        const result = await super.request(...args);
        if (args[1] === 'add') {
          added.push((args[2] as { messages: unknown[] }).messages.length);
          if (added.length === 1) await this[Symbol.asyncDispose]();
        }
        return result as never;
      }
    }
    using readers = new IndexReaders();
    const options = { readers, directory, database, log: silentLog, afterMs: 3_600_000 };
    await using stopping = new StoppingThread();
    await expect(new AccountTextIndex({ thread: stopping, ...options }).run()).rejects.toThrow('the server stops');
    expect(added).toEqual([50]);
    await using thread = new StoppingThread();
    added.push(0);
    const index = new AccountTextIndex({ thread, ...options });
    await index.run();
    expect(added.slice(2)).toEqual([50, 30]);
    expect([...(await index.candidates(id, 'number 129 ', 'text'))!]).toEqual([130]);
    expect([...(await index.candidates(id, 'number 7 ', 'text'))!]).toEqual([8]);
    await index.close();
  });

  it('is never taken for empty when it breaks while it is in use', async () => {
    const { accounts, dataDirectory, engine } = await openTestStore();
    await using account = await accounts.open('me');
    await deliver(accounts, account, message('soup'));
    const directory = join(dataDirectory, 'accounts', 'me');
    const { accountDatabaseKind } = await import('../account-database.ts');
    await using database = await engine.open(accountDatabaseKind, join(directory, 'index.db'));
    await using thread = new TextIndexThread();
    using readers = new IndexReaders();
    const index = new AccountTextIndex({ thread, readers, directory, database, log: silentLog, afterMs: 3_600_000 });
    const { id } = await inbox(account);
    for (const damage of ['gone', 'broken', 'empty']) {
      await index.run();
      expect([...(await index.candidates(id, 'soup', 'text'))!], damage).toEqual([1]);
      await thread.request(directory, 'close', {});
      if (damage === 'gone') rmSync(join(directory, 'search.db'));
      else writeFileSync(join(directory, 'search.db'), damage === 'empty' ? '' : 'no database at all'.repeat(500));
      expect(await index.candidates(id, 'soup', 'text'), damage).toBeUndefined();
    }
    await index.run();
    expect([...(await index.candidates(id, 'soup', 'text'))!]).toEqual([1]);
    await index.close();
  });

  it('is made again when the tables of its trigrams are damaged', async () => {
    const { accounts, dataDirectory } = await openTestStore(undefined, { indexTextsAfterMs: 3_600_000 });
    await using account = await accounts.open('me');
    await deliver(accounts, account, message('soup'));
    await account.textIndex!.run();
    const { default: SqliteDatabase } = await import('better-sqlite3');
    const database = new SqliteDatabase(join(dataDirectory, 'accounts/me/search.db'));
    database.unsafeMode(true);
    database.exec("UPDATE trigrams_data SET block = x'ffffffffffffffff'");
    database.close();
    expect(await candidates(account, 'soup')).toBeUndefined();
    await account.textIndex!.run();
    expect(await candidates(account, 'soup')).toEqual([1]);
  });

  it('forgets what is erased, also what was erased without its knowing', async () => {
    const first = await openTestStore(undefined, { indexTextsAfterMs: 3_600_000 });
    const words = async (account: Account): Promise<number> =>
      (await account.textIndex!.hits((await inbox(account)).id, 'secret', ['subject'])).size;
    const gone = async (account: Account, uid: number): Promise<void> => {
      const { id } = await inbox(account);
      const [row] = await account.read((reader) => reader.messages.rows(id, [uid]));
      await account.messages.expunge(id, [uid], 'all');
      await expect
        .poll(async () => (await account.read((reader) => reader.messages.placesOf([row!.contentId]))).length, {
          timeout: 20_000,
        })
        .toBe(0);
    };
    {
      await using account = await first.accounts.open('me');
      for (const subject of ['secret one', 'secret two']) await deliver(first.accounts, account, message(subject));
      await account.textIndex!.run();
      expect(await words(account)).toBe(2);
      await gone(account, 1);
      expect(await words(account)).toBe(1);
    }
    await first.close();
    const second = await openTestStore(first.dataDirectory);
    {
      await using account = await second.accounts.open('me');
      await gone(account, 2);
    }
    await second.close();
    const third = await openTestStore(first.dataDirectory, { indexTextsAfterMs: 3_600_000 });
    {
      await using account = await third.accounts.open('me');
      await account.textIndex!.run();
    }
    await third.close();
    const path = join(first.dataDirectory, 'accounts/me/search.db');
    expect(existsSync(path)).toBe(true);
    const { default: SqliteDatabase } = await import('better-sqlite3');
    const database = new SqliteDatabase(path, { readonly: true });
    onTestFinished(() => {
      database.close();
    });
    expect(database.prepare('SELECT count(*) AS count FROM contents').get()).toEqual({ count: 0 });
    expect(database.prepare("SELECT count(*) AS count FROM words WHERE words MATCH 'secret'").get()).toEqual({
      count: 0,
    });
    expect(database.prepare(`SELECT count(*) AS count FROM trigrams WHERE trigrams MATCH '"SEC"'`).get()).toEqual({
      count: 0,
    });
  });

  it('forgets what is erased while it is opened, and while it is about to take it in', async () => {
    const { accounts, dataDirectory, engine } = await openTestStore();
    await using account = await accounts.open('me');
    const large = 'x'.repeat(400_000);
    for (const name of ['one', 'two', 'three']) {
      await deliver(accounts, account, message(`secret ${name}`) + large);
    }
    const { id } = await inbox(account);
    const rows = await account.read((reader) => reader.messages.rows(id, [1, 2, 3]));
    const contentIds = rows.map(({ contentId }) => contentId);
    // The rows of contents stay until all is looked at.
    using hold = account.holdExpunged(0);
    const directory = join(dataDirectory, 'accounts', 'me');
    const { accountDatabaseKind } = await import('../account-database.ts');
    await using database = await engine.open(accountDatabaseKind, join(directory, 'index.db'));
    const erase = async (index: AccountTextIndex, uid: number): Promise<void> => {
      await account.messages.expunge(id, [uid], 'all');
      await index.forget([contentIds[uid - 1]!]);
    };
    let erases = true;
    class ErasingThread extends TextIndexThread {
      override async request(...args: Parameters<TextIndexThread['request']>): Promise<never> {
        const result = await super.request(...args);
        if (args[1] === 'add' && erases) {
          erases = false;
          await erase(index, 2);
        }
        return result as never;
      }
    }
    await using thread = new ErasingThread();
    const known = async (): Promise<number[]> => {
      const { contentIds: found } = await thread.request(directory, 'words', {
        words: ['secret'],
        columns: ['subject'],
      });
      return [...found].sort((a, b) => a - b);
    };
    using readers = new IndexReaders();
    const options = { thread, readers, directory, database, log: silentLog, afterMs: 3_600_000 };
    const index = new AccountTextIndex(options);
    await index.run();
    expect(erases).toBe(false);
    expect(await known()).toEqual([contentIds[0], contentIds[2]]);
    await index.close();
    const again = new AccountTextIndex(options);
    await erase(again, 3);
    await again.run();
    expect(await known()).toEqual([contentIds[0]]);
    await again.close();
    hold.advance(0);
  });
});
