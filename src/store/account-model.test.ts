import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Account } from './account.ts';
import type { Accounts } from './accounts.ts';
import { deliver, openTestStore } from './store-fixture.ts';

/** What an account should hold, as plainly as can be. */
interface ModelMessage {
  uid: number;
  contentId: number;
  flags: number;
  keywords: string[];
  size: number;
  modseq: number;
  createSeq: number;
  expunged: boolean;
}

interface ModelMailbox {
  uidValidity: number;
  uidNext: number;
  messages: ModelMessage[];
}

type Model = Map<string, ModelMailbox>;

type Step =
  | { kind: 'add'; mailbox: string; flags: number; keywords: string[] }
  | {
      kind: 'store';
      mailbox: string;
      uids: number[] | 'all';
      mode: 'add' | 'remove' | 'replace';
      flags: number;
      keywords: string[];
      unchangedSince: number | undefined;
    }
  | { kind: 'copy' | 'move'; mailbox: string; uids: number[] | 'all'; target: string }
  | { kind: 'expunge'; mailbox: string; uids: number[] | 'all'; which: 'deleted' | 'all' }
  | { kind: 'recreate'; mailbox: string };

const mailboxes = ['Inbox', 'Archive', 'Trash'];
const mailbox = fc.constantFrom(...mailboxes);
const uids = fc.oneof(
  fc.constant('all' as const),
  fc.uniqueArray(fc.integer({ min: 1, max: 25 }), { maxLength: 8 }).map((list) => list.sort((a, b) => a - b)),
);
const flags = fc.integer({ min: 0, max: 31 });
const keywords = fc.subarray(['Work', 'work', '$Todo', 'Later'], { maxLength: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), mailbox, flags, keywords }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('store' as const),
      mailbox,
      uids,
      mode: fc.constantFrom('add' as const, 'remove' as const, 'replace' as const),
      flags,
      keywords,
      unchangedSince: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('copy' as const, 'move' as const),
      mailbox,
      uids,
      target: mailbox,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('expunge' as const),
      mailbox,
      uids,
      which: fc.constantFrom('deleted' as const, 'all' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recreate' as const), mailbox: fc.constant('Archive') }) },
);

function selected(box: ModelMailbox, chosen: number[] | 'all'): ModelMessage[] {
  return box.messages.filter(({ uid, expunged }) => !expunged && (chosen === 'all' || chosen.includes(uid)));
}

function withoutCase(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}

async function idOf(account: Account, name: string): Promise<number> {
  return (await account.read((reader) => reader.mailboxes.named(name)))!.id;
}

/** Does one step to the account and the model, comparing what it returns. */
async function run(accounts: Accounts, account: Account, model: Model, next: Step): Promise<void> {
  const box = model.get(next.mailbox)!;
  const id = await idOf(account, next.mailbox);
  const before = await account.read((reader) => reader.modseq());
  switch (next.kind) {
    case 'add': {
      const added = await deliver(accounts, account, `Subject: ${before}\n\n${'x'.repeat(before % 50)}\n`, {
        mailbox: next.mailbox,
        flags: { bits: next.flags, keywords: next.keywords },
      });
      expect(added).toMatchObject({ uid: box.uidNext, uidValidity: box.uidValidity, modseq: before + 1 });
      const [row] = await account.read((reader) => reader.messages.rows(id, [added.uid]));
      box.messages.push({
        uid: box.uidNext++,
        contentId: added.contentId,
        flags: next.flags,
        keywords: withoutCase(next.keywords),
        size: row!.sizeBytes,
        modseq: added.modseq,
        createSeq: added.modseq,
        expunged: false,
      });
      return;
    }
    case 'store': {
      const { mode, unchangedSince } = next;
      const change = { mode, flags: { bits: next.flags, keywords: next.keywords } };
      const result = await account.messages.storeFlags(
        id,
        next.uids,
        change,
        unchangedSince === undefined ? {} : { unchangedSince },
      );
      const modified: number[] = [];
      const changed: unknown[] = [];
      for (const message of selected(box, next.uids)) {
        if (unchangedSince !== undefined && message.modseq > unchangedSince) {
          modified.push(message.uid);
          continue;
        }
        const names = withoutCase(next.keywords);
        const { flags: oldFlags, keywords: oldKeywords } = message;
        if (mode === 'add') {
          message.flags |= next.flags;
          message.keywords = withoutCase([...message.keywords, ...names]);
        } else if (mode === 'remove') {
          message.flags &= ~next.flags;
          message.keywords = message.keywords.filter((name) => !names.includes(name));
        } else {
          message.flags = next.flags;
          message.keywords = names;
        }
        if (message.flags !== oldFlags || message.keywords.join() !== oldKeywords.join()) message.modseq = before + 1;
        changed.push([message.uid, message.flags, message.keywords, message.modseq]);
      }
      expect(result.modified).toEqual(modified);
      expect(result.changed.map((row) => [row.uid, row.flagBits, withoutCase(row.keywords), row.modseq])).toEqual(
        changed,
      );
      return;
    }
    case 'copy':
    case 'move': {
      const target = model.get(next.target)!;
      const targetId = await idOf(account, next.target);
      const sources = selected(box, next.uids);
      const result =
        next.kind === 'copy'
          ? await account.messages.copy(id, next.uids, targetId)
          : await account.messages.move(id, next.uids, targetId);
      expect(result.uidValidity).toBe(target.uidValidity);
      expect(result.pairs).toEqual(sources.map(({ uid }, index) => ({ sourceUid: uid, uid: target.uidNext + index })));
      for (const source of sources) {
        target.messages.push({ ...source, uid: target.uidNext++, modseq: before + 1, createSeq: before + 1 });
        if (next.kind === 'move') {
          source.expunged = true;
          source.modseq = before + 1;
        }
      }
      return;
    }
    case 'expunge': {
      const gone = selected(box, next.uids).filter((message) => next.which === 'all' || (message.flags & 8) !== 0);
      const result = await account.messages.expunge(id, next.uids, next.which);
      expect(result.uids).toEqual(gone.map(({ uid }) => uid));
      for (const message of gone) {
        message.expunged = true;
        message.modseq = before + 1;
      }
      return;
    }
    case 'recreate': {
      await account.mailboxes.delete(next.mailbox);
      const made = await account.mailboxes.create(next.mailbox);
      expect(made.uidValidity).toBeGreaterThan(Math.max(...[...model.values()].map(({ uidValidity }) => uidValidity)));
      model.set(next.mailbox, { uidValidity: made.uidValidity, uidNext: 1, messages: [] });
      return;
    }
  }
}

async function compare(account: Account, model: Model): Promise<void> {
  let used = 0;
  for (const [name, box] of model) {
    const live = box.messages.filter(({ expunged }) => !expunged);
    const sum = live.reduce((total, { size }) => total + size, 0);
    used += sum;
    const mailbox = (await account.read((reader) => reader.mailboxes.named(name)))!;
    expect(mailbox).toMatchObject({
      uidValidity: box.uidValidity,
      uidNext: box.uidNext,
      messages: live.length,
      unseen: live.filter((message) => (message.flags & 1) === 0).length,
      deleted: live.filter((message) => (message.flags & 8) !== 0).length,
      sizeBytes: sum,
    });
    const { rows, changes } = await account.read(async (reader) => ({
      rows: await reader.messages.rows(mailbox.id, 'all'),
      changes: await reader.changes.since(mailbox.id, 0),
    }));
    expect(
      rows.map((row) => [row.uid, row.contentId, row.flagBits, withoutCase(row.keywords), row.modseq, row.createSeq]),
    ).toEqual(
      live.map((message) => [
        message.uid,
        message.contentId,
        message.flags,
        message.keywords,
        message.modseq,
        message.createSeq,
      ]),
    );
    expect(changes.map(({ uid, expunged, modseq }) => [uid, expunged, modseq])).toEqual(
      box.messages.map(({ uid, expunged, modseq }) => [uid, expunged, modseq]),
    );
    expect(mailbox.modseq).toBeGreaterThanOrEqual(Math.max(0, ...box.messages.map(({ modseq }) => modseq)));
  }
  expect((await account.read((reader) => reader.quota())).usedBytes).toBe(used);
}

describe('an account', () => {
  it('does to random steps what a simple model does', async () => {
    const store = await openTestStore();
    const models = new Map<string, Model>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const name = `account${models.size}`;
        await using account = await store.accounts.open(name);
        const model: Model = new Map();
        models.set(name, model);
        for (const name of mailboxes) {
          const { uidValidity } = (await account.read((reader) => reader.mailboxes.named(name)))!;
          model.set(name, { uidValidity, uidNext: 1, messages: [] });
        }
        let modseq = await account.read((reader) => reader.modseq());
        for (const next of steps) {
          await run(store.accounts, account, model, next);
          const now = await account.read((reader) => reader.modseq());
          expect(now).toBeGreaterThanOrEqual(modseq);
          modseq = now;
        }
        await compare(account, model);
      }),
      { numRuns: 30 },
    );
    await store.close();
    const again = await openTestStore(store.dataDirectory);
    for (const [name, model] of models) {
      await using account = await again.accounts.open(name);
      await compare(account, model);
    }
  }, 60_000);
});
