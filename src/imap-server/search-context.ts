import type { FetchItem } from '../imap/fetch-items.ts';
import type { SearchKey } from '../imap/search-keys.ts';
import { formatNumbers } from '../imap/sequence-set.ts';
import type { SortKey } from '../imap/sort-keys.ts';
import { dependsOnFlags } from './freeze-search-key.ts';
import { matchMessages } from './search-mailbox.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import { placesInOrder, sortMessages } from './sort-messages.ts';

/** Messages that may have come to match, or not any more; ascending, all in the client's view. */
export interface Touched {
  readonly added: readonly number[];
  readonly changed: readonly number[];
}

/** What a searching command asks to be told of. */
export interface UpdatingSearch {
  readonly tag: string;
  /** Of the responses, without parentheses: `TAG "a"`. */
  readonly correlator: string;
  readonly byUid: boolean;
  /** Frozen: see `freezeSearchKey`. */
  readonly key: SearchKey;
  /** Of SORT; else messages are in mailbox order. */
  readonly order: readonly SortKey[] | undefined;
  /** What of new messages is told that match. RFC 5465 §7 */
  readonly attributes: readonly FetchItem[];
  /** Found now, in the order asked for. */
  readonly found: Uint32Array;
}

/**
 * The result of a search as the client has it, and how it changes. It holds the UIDs, 4 bytes each; what they are sorted by is read
 * again when a message has to find its place.
 * Source: RFC 5267 §4.3
 */
export class SearchContext {
  readonly tag: string;
  readonly #search: Omit<UpdatingSearch, 'found'>;
  readonly #changesWithFlags: boolean;
  #uids: Uint32Array;

  constructor({ found, ...search }: UpdatingSearch) {
    this.tag = search.tag;
    this.#search = search;
    this.#changesWithFlags = dependsOnFlags(search.key);
    // A copy: what was found may be a view of more.
    this.#uids = found.slice();
  }

  get byUid(): boolean {
    return this.#search.byUid;
  }

  get attributes(): readonly FetchItem[] {
    return this.#search.attributes;
  }

  get count(): number {
    return this.#uids.length;
  }

  /**
   * Takes out messages that are gone, whose numbers are valid still.
   * @returns response, undefined when there is nothing to say
   */
  remove(mailbox: SelectedMailbox, gone: readonly number[]): string | undefined {
    const removed = this.#members(gone);
    return removed.size === 0 ? undefined : this.#response(this.#removeFrom(mailbox, removed));
  }

  /**
   * Looks at messages again.
   * @returns the response, undefined when there is nothing to say; new messages that match
   */
  async update(
    mailbox: SelectedMailbox,
    { added, changed }: Touched,
    nowMs: number,
  ): Promise<{ response: string | undefined; matching: readonly number[] }> {
    const nothing = { response: undefined, matching: [] };
    const looked = this.#changesWithFlags ? [...changed, ...added].sort((a, b) => a - b) : added;
    if (looked.length === 0) return nothing;
    const matching = await matchMessages(mailbox, Uint32Array.from(looked), this.#search.key, nowMs);
    const members = this.#members(looked);
    const fresh = matching.filter((uid) => !members.has(uid));
    for (const uid of matching) members.delete(uid);
    if (members.size === 0 && fresh.length === 0) return nothing;
    let text = members.size === 0 ? '' : this.#removeFrom(mailbox, members);
    if (fresh.length > 0) text += await this.#addTo(mailbox, fresh);
    const isFresh = new Set(fresh);
    return { response: this.#response(text), matching: added.filter((uid) => isFresh.has(uid)) };
  }

  #response(data: string): string {
    return `ESEARCH (${this.#search.correlator})${this.#search.byUid ? ' UID' : ''}${data}`;
  }

  /** Those of some messages that are in the result. */
  #members(of: readonly number[]): Set<number> {
    const uids = this.#uids;
    if (this.#search.order === undefined) return new Set(of.filter((uid) => isInAscending(uids, uid)));
    const asked = new Set(of);
    return new Set(uids.filter((uid) => asked.has(uid)));
  }

  #numbers(mailbox: SelectedMailbox, uids: Uint32Array): string {
    return formatNumbers(this.#search.byUid ? uids : uids.map((uid) => mailbox.sequenceOf(uid)));
  }

  /** In mailbox order the place need not be told (RFC 5267 §4.3.4). */
  #removeFrom(mailbox: SelectedMailbox, removed: ReadonlySet<number>): string {
    const before = this.#uids;
    this.#uids = before.filter((uid) => !removed.has(uid));
    if (this.#search.order === undefined) {
      return ` REMOVEFROM (0 ${this.#numbers(mailbox, Uint32Array.from(removed).sort())})`;
    }
    const pairs: string[] = [];
    let removedBefore = 0;
    for (let at = 0; at < before.length; at++) {
      if (!removed.has(before[at])) continue;
      const start = at;
      while (at < before.length && removed.has(before[at])) at++;
      pairs.push(`${start - removedBefore + 1} ${this.#numbers(mailbox, before.subarray(start, at))}`);
      removedBefore += at - start;
    }
    return ` REMOVEFROM (${pairs.join(' ')})`;
  }

  /** @param fresh ascending */
  async #addTo(mailbox: SelectedMailbox, fresh: Uint32Array): Promise<string> {
    const { order } = this.#search;
    if (order === undefined) {
      this.#uids = merge(this.#uids, fresh);
      return ` ADDTO (0 ${this.#numbers(mailbox, fresh)})`;
    }
    const places = await sortMessages(mailbox, fresh, order, { includeExpunged: true });
    const sorted = places.map((place) => fresh[place]!);
    const before = this.#uids;
    const insertAt = await placesInOrder(mailbox, before, sorted, order);
    const after = new Uint32Array(before.length + sorted.length);
    const pairs: string[] = [];
    let taken = 0;
    for (let at = 0; at < sorted.length; ) {
      const place = insertAt[at]!;
      const start = at;
      while (at < sorted.length && insertAt[at] === place) at++;
      after.set(before.subarray(taken, place), taken + start);
      after.set(sorted.subarray(start, at), place + start);
      pairs.push(`${place + start + 1} ${this.#numbers(mailbox, sorted.subarray(start, at))}`);
      taken = place;
    }
    after.set(before.subarray(taken), taken + sorted.length);
    this.#uids = after;
    return ` ADDTO (${pairs.join(' ')})`;
  }
}

function isInAscending(uids: Uint32Array, uid: number): boolean {
  let low = 0;
  let high = uids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uids[middle] < uid) low = middle + 1;
    else high = middle;
  }
  return low < uids.length && uids[low] === uid;
}

/** Both ascending. */
function merge(one: Uint32Array, other: Uint32Array): Uint32Array {
  const both = new Uint32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return (one.at(-1) ?? 0) < (other[0] ?? 0) ? both : both.sort();
}
