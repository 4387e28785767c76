import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Account } from '../account.ts';
import type { AccountAtRest } from '../account-at-rest.ts';
import type { Accounts } from '../accounts.ts';
import { deliver, openTestStore, type TestStore } from '../store-fixture.ts';
import { backUpAccount, restoreTo } from './restore-fixture.ts';

// Many more in tests/faults.
const numRuns = Number(process.env.RESTANTE_RESTORES ?? 15);

type Step =
  | { kind: 'add'; mailbox: string; text: number; flags: number; keywords: string[] }
  | { kind: 'flags'; mailbox: string; uids: number[]; flags: number; keywords: string[] }
  | { kind: 'copy' | 'move'; mailbox: string; uids: number[]; target: string }
  | { kind: 'expunge'; mailbox: string; uids: number[] | 'all' }
  | { kind: 'create' | 'delete'; mailbox: string }
  | { kind: 'rename'; mailbox: string; target: string };

const names = ['Inbox', 'Archive', 'Trash', 'Lists', 'Lists/Work', 'Other', 'Trash/Old'];
const mailbox = fc.constantFrom(...names);
const uids = fc
  .uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 6 })
  .map((list) => list.sort((a, b) => a - b));
const flags = fc.integer({ min: 0, max: 15 });
const keywords = fc.subarray(['Work', '$Todo'], { maxLength: 2 });
const kind = <const Kind extends string>(name: Kind): fc.Arbitrary<Kind> => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  // Few texts, so that the same message is in several places.
  {
    weight: 6,
    arbitrary: fc.record({ kind: kind('add'), mailbox, text: fc.integer({ min: 1, max: 12 }), flags, keywords }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('flags'), mailbox, uids, flags, keywords }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('copy'), mailbox, uids, target: mailbox }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('move'), mailbox, uids, target: mailbox }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('expunge'), mailbox, uids: fc.oneof(uids, kind('all')) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('create'), mailbox }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('delete'), mailbox }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('rename'), mailbox, target: mailbox }) },
);

/** What cannot be done, such as to delete Inbox, is passed over. */
async function run(accounts: Accounts, account: Account, next: Step): Promise<void> {
  const idOf = async (name: string): Promise<number | undefined> =>
    (await account.read((reader) => reader.mailboxes.named(name)))?.id;
  const id = await idOf(next.mailbox);
  const done = async (): Promise<unknown> => {
    if (next.kind === 'create') return await account.mailboxes.create(next.mailbox);
    if (id === undefined) return undefined;
    switch (next.kind) {
      case 'add': {
        const text = `Message-ID: <${next.text}@x>\nSubject: ${next.text}\n\n${'x'.repeat(next.text)}\n`;
        const added = { bits: next.flags, keywords: next.keywords };
        const receivedAt = 1_600_000_000_000 + next.text;
        return await deliver(accounts, account, text, { mailbox: next.mailbox, flags: added, receivedAt });
      }
      case 'flags':
        return await account.messages.storeFlags(id, next.uids, {
          mode: 'replace',
          flags: { bits: next.flags, keywords: next.keywords },
        });
      case 'copy':
      case 'move': {
        const target = await idOf(next.target);
        if (target === undefined) return undefined;
        return next.kind === 'copy'
          ? await account.messages.copy(id, next.uids, target)
          : await account.messages.move(id, next.uids, target);
      }
      case 'expunge':
        return await account.messages.expunge(id, next.uids, 'all');
      case 'delete':
        return await account.mailboxes.delete(next.mailbox);
      case 'rename':
        return await account.mailboxes.rename(next.mailbox, next.target);
    }
  };
  await done().catch((error: { code?: string }) => {
    if (!/^(?:mailbox-|inbox-)/.test(error.code ?? '')) throw error;
  });
}

interface State {
  /** Names and UIDVALIDITYs. */
  mailboxes: Map<string, number>;
  messages: { mailbox: string; uid: number; content: string; flags: string; receivedAt: number; modseq: number }[];
  modseq: number;
  trash: string;
}

async function stateOf(account: Pick<Account, 'read'>): Promise<State> {
  return await account.read(async (reader) => {
    const state: State = { mailboxes: new Map(), messages: [], modseq: await reader.modseq(), trash: '' };
    for (const { id, name, uidValidity, specialUse } of await reader.mailboxes.all()) {
      if (specialUse.includes('\\Trash')) state.trash = name;
      state.mailboxes.set(name, uidValidity);
      const rows = await reader.messages.rows(id, 'all');
      const identities = await reader.stored.identities(rows.map(({ contentId }) => contentId));
      for (const { uid, contentId, flagBits, keywords: words, receivedAt, modseq } of rows) {
        const content = Buffer.from(identities.get(contentId)!.sha256).toString('hex').slice(0, 12);
        const text = `${flagBits} ${[...words].sort().join(' ')}`;
        state.messages.push({ mailbox: name, uid, content, flags: text, receivedAt, modseq });
      }
    }
    return state;
  });
}

function count(messages: readonly { content: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { content } of messages) counts.set(content, (counts.get(content) ?? 0) + 1);
  return counts;
}

const essence = ({ messages }: State): string[] =>
  messages
    .map(({ mailbox: where, content, flags: text, receivedAt }) => `${where} ${content} ${text} ${receivedAt}`)
    .sort();

const isTrash = ({ trash }: State, name: string): boolean => name === trash || name.startsWith(`${trash}/`);

/** What a client that knew the state before may rely on. */
function expectCalm(before: State, after: State, removed: boolean): void {
  expect(after.modseq).toBeGreaterThanOrEqual(before.modseq);
  for (const [name, uidValidity] of before.mailboxes) {
    if (after.mailboxes.has(name)) expect(after.mailboxes.get(name)).toBe(uidValidity);
  }
  const known = new Map(before.messages.map((each) => [`${each.mailbox} ${each.uid}`, each]));
  for (const each of after.messages) {
    if (before.mailboxes.get(each.mailbox) !== after.mailboxes.get(each.mailbox)) continue;
    const old = known.get(`${each.mailbox} ${each.uid}`);
    if (old === undefined) {
      // Came back: with a UID above all that the client has.
      const last = Math.max(
        0,
        ...before.messages.filter(({ mailbox: name }) => name === each.mailbox).map(({ uid }) => uid),
      );
      expect(each.uid).toBeGreaterThan(last);
      expect(each.modseq).toBeGreaterThan(before.modseq);
    } else {
      expect(each.content).toBe(old.content);
      if (each.flags !== old.flags) expect(each.modseq).toBeGreaterThan(before.modseq);
    }
  }
  if (removed) return;
  const there = new Set(after.messages.map((each) => `${each.mailbox} ${each.uid}`));
  for (const each of before.messages) {
    if (!isTrash(before, each.mailbox)) expect(there).toContain(`${each.mailbox} ${each.uid}`);
  }
}

async function withHistory(
  store: TestStore,
  name: string,
  [before, after]: [Step[], Step[]],
  check: (account: Account, backup: AccountAtRest) => Promise<void>,
): Promise<void> {
  await using account = await store.accounts.open(name);
  for (const next of before) await run(store.accounts, account, next);
  const backup = await backUpAccount(store, name);
  for (const next of after) await run(store.accounts, account, next);
  await check(account, backup);
}

const histories = fc.tuple(fc.array(step, { maxLength: 15 }), fc.array(step, { maxLength: 15 }));

describe('after any history', { timeout: 120_000 }, () => {
  it('a merge has brought back every message of the backup, lost none, doubled none, and has no more to do', async () => {
    const store = await openTestStore();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        await withHistory(store, `merged${runs++}`, steps, async (account, backup) => {
          const kept = await stateOf(backup);
          const before = await stateOf(account);
          const dry = await restoreTo(store, account, backup, { dryRun: true });
          expect(await stateOf(account)).toEqual(before);
          const summary = await restoreTo(store, account, backup);
          expect(dry).toEqual(summary);
          expect(summary).toMatchObject({ selected: kept.messages.length, skipped: 0, removed: 0, moved: 0 });
          const after = await stateOf(account);
          expectCalm(before, after, false);
          // As many of each content as there were, or as there are now if these are more: copies were made since.
          const [then, earlier, now] = [count(kept.messages), count(before.messages), count(after.messages)];
          for (const [content, times] of now) {
            expect(times).toBe(Math.max(then.get(content) ?? 0, earlier.get(content) ?? 0));
          }
          // Nothing that was not in the trash then is only there now.
          const outside = (state: State) =>
            count(state.messages.filter(({ mailbox: where }) => !isTrash(state, where)));
          const [outsideThen, outsideNow] = [outside(kept), outside(after)];
          for (const [content, times] of outsideThen)
            expect(outsideNow.get(content) ?? 0).toBeGreaterThanOrEqual(times);
          expect(await restoreTo(store, account, backup)).toMatchObject({ restored: 0, changed: 0, skipped: 0 });
          expect(await stateOf(account)).toEqual(after);
        });
      }),
      { numRuns },
    );
    await store.close();
  });

  it('a mirror has made mailboxes, messages and flags those of the backup, and has no more to do', async () => {
    const store = await openTestStore();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        await withHistory(store, `mirrored${runs++}`, steps, async (account, backup) => {
          const kept = await stateOf(backup);
          const before = await stateOf(account);
          const dry = await restoreTo(store, account, backup, { mode: 'mirror', dryRun: true });
          expect(await stateOf(account)).toEqual(before);
          const summary = await restoreTo(store, account, backup, { mode: 'mirror' });
          expect(dry).toEqual(summary);
          expect(summary).toMatchObject({ selected: kept.messages.length, skipped: 0 });
          const after = await stateOf(account);
          expect([...after.mailboxes.keys()]).toEqual([...kept.mailboxes.keys()]);
          expect(essence(after)).toEqual(essence(kept));
          expectCalm(before, after, true);
          const again = await restoreTo(store, account, backup, { mode: 'mirror' });
          expect(again).toMatchObject({ restored: 0, changed: 0, moved: 0, removed: 0, skipped: 0 });
          expect(await stateOf(account)).toEqual(after);
        });
      }),
      { numRuns },
    );
    await store.close();
  });

  it('a mirror of one mailbox has made it as it was, and has taken no message of the backup from the others', async () => {
    const store = await openTestStore();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(histories, fc.constantFrom('Inbox', 'Archive', 'Trash'), async (steps, name) => {
        await withHistory(store, `one${runs++}`, steps, async (account, backup) => {
          const kept = await stateOf(backup);
          if (!kept.mailboxes.has(name)) return;
          const before = await stateOf(account);
          const selection = { mailbox: name };
          const dry = await restoreTo(store, account, backup, { mode: 'mirror', selection, dryRun: true });
          expect(dry).toEqual(await restoreTo(store, account, backup, { mode: 'mirror', selection }));
          const after = await stateOf(account);
          const only = (state: State): State => {
            return { ...state, messages: state.messages.filter((each) => each.mailbox === name) };
          };
          expect(essence(only(after))).toEqual(essence(only(kept)));
          expectCalm(before, after, true);
          const others = (state: State) => state.messages.filter((each) => each.mailbox !== name);
          const then = count(others(before));
          for (const [content, times] of count(others(after))) {
            expect(times).toBeGreaterThanOrEqual(then.get(content) ?? 0);
          }
          const [backedUp, earlier, now] = [count(kept.messages), count(before.messages), count(after.messages)];
          for (const [content, times] of earlier) {
            const needed = Math.min(times, backedUp.get(content) ?? 0);
            expect(now.get(content) ?? 0).toBeGreaterThanOrEqual(needed);
          }
        });
      }),
      { numRuns },
    );
    await store.close();
  });
});
