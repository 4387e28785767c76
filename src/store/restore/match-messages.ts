import { takeTurns } from '../../runtime/take-turns.ts';
import { flagBits } from '../flags.ts';
import { findSameMessages } from './find-same-messages.ts';
import { type LiveMessages, withIdentities } from './live-messages.ts';
import { MessageInstances } from './message-instances.ts';
import { trashTest } from './plan-mailboxes.ts';
import { PlannedChanges } from './planned-changes.ts';
import type { RestoreAccountOptions } from './restore-options.ts';
import type { SourceMailbox, TargetMailbox } from './restore-plan.ts';
import type { RestoreTally } from './restore-tally.ts';
import { scanMailbox } from './scan-mailbox.ts';
import type { StoredInstance } from './stored-rows.ts';

const deleted = flagBits['\\Deleted'];
/** Looked up between two looks at the clock. */
const lookupsAtOnce = 500;

/**
 * Says of each message of the backup whether the account has it. Each message of the account stands for one of the backup at most:
 * first those with the same content in the same mailbox, then with the same content elsewhere, last those that only have the same
 * Message-ID, date and subject.
 */
export class MessageMatcher {
  /** Not in their place; taken: found elsewhere. */
  readonly missing: MessageInstances;
  readonly changes: PlannedChanges;
  readonly #options: RestoreAccountOptions;
  readonly #live: LiveMessages;
  readonly #targets: readonly TargetMailbox[];
  readonly #sources: readonly SourceMailbox[];
  readonly #tally: RestoreTally;
  readonly #wasTrash: (name: string) => boolean;

  constructor(
    options: RestoreAccountOptions,
    live: LiveMessages,
    plan: { targets: readonly TargetMailbox[]; sources: readonly SourceMailbox[] },
    tally: RestoreTally,
  ) {
    this.#options = options;
    this.#live = live;
    this.#targets = plan.targets;
    this.#sources = plan.sources;
    this.#tally = tally;
    this.#wasTrash = trashTest(plan.sources.map(({ mailbox }) => mailbox));
    this.missing = new MessageInstances(plan.sources.reduce((sum, { mailbox }) => sum + mailbox.messages, 0));
    this.changes = new PlannedChanges(live.keywords);
  }

  /** @param sizes those of all messages that are chosen, when these are few: others can't be theirs */
  async run(sizes: ReadonlySet<number> | undefined): Promise<void> {
    await this.#matchInPlace(sizes);
    if (this.#options.into === undefined) await this.#matchElsewhere();
    if (this.#options.mode === 'mirror') await this.#returnToOthers();
    // In a mirror other bytes are another message.
    if (this.#options.mode === 'merge') await this.#matchByMark();
  }

  async #matchInPlace(sizes: ReadonlySet<number> | undefined): Promise<void> {
    const { source, signal, onProgress } = this.#options;
    const rows = source.stored;
    const total = this.#sources.reduce((sum, { mailbox }) => sum + mailbox.messages, 0);
    let done = 0;
    for (const [at, { mailbox, chosen }] of this.#sources.entries()) {
      const isChosen = chosenTest(chosen);
      for await (const page of scanMailbox(rows, mailbox.id, signal)) {
        const possible = sizes === undefined ? page : page.filter(({ sizeBytes }) => sizes.has(sizeBytes));
        for (const [instance, identity] of await withIdentities(rows, possible)) {
          const wanted = isChosen(instance.uid);
          if (identity !== undefined) this.#matchOne(at, instance, identity, wanted);
          else if (wanted) this.#skipWithoutRow(at, instance.uid);
        }
        done += page.length;
        onProgress({ step: 'compare', done, total });
      }
    }
  }

  #matchOne(source: number, instance: StoredInstance, identity: Uint8Array, wanted: boolean): void {
    const { instances, keywords } = this.#live;
    const target = this.#targetOf(source);
    if (this.#options.into !== undefined) {
      if (!wanted) return;
      // A copy was asked for, whatever other mailboxes hold; but not a second one.
      const isThere = instances.has(identity) || this.missing.has(identity);
      if (isThere) this.#tally.count(target.name, 'alreadyThere');
      else this.#addMissing(source, instance, identity);
      return;
    }
    for (const at of target.liveId === undefined ? [] : instances.find(identity)) {
      if (instances.mailboxOf(at) !== target.liveId) continue;
      instances.take(at);
      if (!wanted) return;
      const changed = this.#changeFlags(instance.flagBits, keywords.numberOf(instance.keywords), at);
      this.#tally.count(target.name, changed ? 'changed' : 'alreadyThere');
      return;
    }
    if (wanted || this.#options.mode === 'mirror') this.#addMissing(source, instance, identity);
  }

  #addMissing(source: number, { uid, flagBits: bits, keywords }: StoredInstance, identity: Uint8Array): void {
    const number = this.#live.keywords.numberOf(keywords);
    this.missing.add(identity, { mailbox: source, uid, flagBits: bits, keywords: number });
  }

  #skipWithoutRow(source: number, uid: number): void {
    const detail = 'the row with what it holds is lost from the backup';
    const { mailbox } = this.#sources[source]!;
    this.#tally.skip({ reason: 'damaged', mailbox: mailbox.name, uid, detail }, this.#targetOf(source).name);
  }

  async #matchElsewhere(): Promise<void> {
    const { missing } = this;
    const { instances, names, isTrash } = this.#live;
    const turn = takeTurns();
    for (let at = 0; at < missing.size; at++) {
      if (at % lookupsAtOnce === 0) await turn();
      if (!this.#isWanted(at)) continue;
      let found: number | undefined;
      // Who has one elsewhere and threw another away has filed it.
      for (const live of instances.find(missing.identityOf(at))) {
        found = live;
        if (!isTrash(names.get(instances.mailboxOf(live))!)) break;
      }
      if (found === undefined) continue;
      instances.take(found);
      missing.take(at);
      this.#settleElsewhere(at, found);
    }
  }

  /**
   * What lies in the one mailbox that is mirrored, and was in another then, goes back to that: expunging it might take the only one. Of all
   * else of other mailboxes nothing is restored.
   */
  async #returnToOthers(): Promise<void> {
    const { missing } = this;
    const { instances } = this.#live;
    const turn = takeTurns();
    const mirrored = new Set(this.#targets.filter(({ isWanted }) => isWanted).map(({ liveId }) => liveId));
    for (let at = 0; at < missing.size; at++) {
      if (at % lookupsAtOnce === 0) await turn();
      if (this.#isWanted(at)) continue;
      missing.take(at);
      const found = instances.find(missing.identityOf(at)).find((live) => mirrored.has(instances.mailboxOf(live)));
      if (found === undefined) continue;
      instances.take(found);
      const { target } = this.#sources[missing.mailboxOf(at)]!;
      this.changes.move(instances.mailboxOf(found), target, instances.uidOf(found));
      this.#tally.count(this.#targets[target]!.name, 'moved');
    }
  }

  #isWanted(at: number): boolean {
    return this.#sources[this.missing.mailboxOf(at)]!.chosen !== undefined;
  }

  #settleElsewhere(at: number, live: number): void {
    const { missing } = this;
    const { instances, names } = this.#live;
    const source = missing.mailboxOf(at);
    const target = this.#targetOf(source);
    const wasThrownAway = this.#isThrownAway(names.get(instances.mailboxOf(live))!, source);
    if (this.#options.mode === 'merge' && !wasThrownAway) {
      this.#tally.count(target.name, 'alreadyThere');
      return;
    }
    const place = { mailboxId: instances.mailboxOf(live), uid: instances.uidOf(live) };
    if (this.#options.mode === 'mirror' && this.#options.selection.mailbox !== undefined) {
      // Its other mailbox is to stay as it is.
      this.changes.copy(place, this.#sources[source]!.target, missing.flagBitsOf(at), missing.keywordsOf(at));
      return;
    }
    this.#changeFlags(missing.flagBitsOf(at), missing.keywordsOf(at), live);
    this.changes.move(place.mailboxId, this.#sources[source]!.target, place.uid);
    this.#tally.count(target.name, this.#options.mode === 'merge' ? 'restored' : 'moved');
    if (this.#options.mode === 'merge') this.#tally.countFromTrash(1);
  }

  async #matchByMark(): Promise<void> {
    const { instances, names } = this.#live;
    const { into } = this.#options;
    const claimed = new Set<string>();
    for await (const { at, places } of findSameMessages(this.#options, this.missing, this.#sources)) {
      const source = this.missing.mailboxOf(at);
      const target = this.#targetOf(source);
      const found = places.find(({ mailboxId, uid }) => {
        if (into !== undefined) return mailboxId === target.liveId;
        const name = names.get(mailboxId);
        if (name === undefined || this.#isThrownAway(name, source) || claimed.has(`${mailboxId} ${uid}`)) return false;
        const live = instances.locate(mailboxId, uid);
        return live === undefined || !instances.isTaken(live);
      });
      if (found === undefined) continue;
      claimed.add(`${found.mailboxId} ${found.uid}`);
      const live = instances.locate(found.mailboxId, found.uid);
      if (live !== undefined) instances.take(live);
      this.missing.take(at);
      this.#tally.count(target.name, 'alreadyThere');
    }
  }

  /** What was in the trash then has not been thrown away since. */
  #isThrownAway(liveName: string, source: number): boolean {
    const { isTrash } = this.#live;
    if (!isTrash(liveName) || isTrash(this.#targetOf(source).name)) return false;
    return !this.#wasTrash(this.#sources[source]!.mailbox.name);
  }

  /** @returns whether there is anything to change */
  #changeFlags(bits: number, keywords: number, live: number): boolean {
    const { instances } = this.#live;
    const liveBits = instances.flagBitsOf(live);
    const place = { mailboxId: instances.mailboxOf(live), uid: instances.uidOf(live) };
    if (this.#options.mode === 'mirror') {
      if (liveBits === bits && instances.keywordsOf(live) === keywords) return false;
      this.changes.setFlags(place, bits, keywords);
      return true;
    }
    if ((liveBits & deleted) === 0 || (bits & deleted) !== 0) return false;
    this.changes.removeFlag(place, deleted);
    return true;
  }

  #targetOf(source: number): TargetMailbox {
    return this.#targets[this.#sources[source]!.target]!;
  }
}

/** @returns a test for UIDs that ascend from call to call */
function chosenTest(chosen: SourceMailbox['chosen']): (uid: number) => boolean {
  if (chosen === undefined) return () => false;
  if (chosen === 'all') return () => true;
  let next = 0;
  return (uid) => {
    while (next < chosen.length && chosen[next]! < uid) next++;
    return chosen[next] === uid;
  };
}
