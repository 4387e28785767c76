import { type FetchItem, joinItems } from '../imap/fetch-items.ts';
import { limits } from '../runtime/limits.ts';
import type { ResponseWriter } from './response-writer.ts';
import { SearchContext, type Touched, type UpdatingSearch } from './search-context.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';

/** The searches of a session whose results its client is told of as they change. They end with the selection of the mailbox. */
export class SearchContexts {
  readonly #mailbox: SelectedMailbox;
  readonly #contexts = new Map<string, SearchContext>();
  /** Messages that the client itself has changed and that nobody has looked at since. */
  readonly #ownChanged = new Set<number>();

  constructor(mailbox: SelectedMailbox) {
    this.#mailbox = mailbox;
  }

  get some(): boolean {
    return this.#contexts.size > 0;
  }

  has(tag: string): boolean {
    return this.#contexts.has(tag);
  }

  /** @returns false when that would be too many. RFC 5267 §4.3.1: one there must be. */
  add(search: UpdatingSearch): boolean {
    let held = search.found.length;
    for (const context of this.#contexts.values()) held += context.count;
    if (this.some && held > limits.imapUpdatingResults) return false;
    if (this.#contexts.size >= limits.imapUpdatingSearches) return false;
    this.#contexts.set(search.tag, new SearchContext(search));
    return true;
  }

  cancel(tag: string): void {
    this.#contexts.delete(tag);
    if (!this.some) this.#ownChanged.clear();
  }

  /** Ends those whose updates are message numbers. @returns their tags */
  endByNumber(): string[] {
    const tags = [...this.#contexts.values()].filter(({ byUid }) => !byUid).map(({ tag }) => tag);
    for (const tag of tags) this.cancel(tag);
    return tags;
  }

  noteOwnChange(uids: Iterable<number>): void {
    if (this.some) for (const uid of uids) this.#ownChanged.add(uid);
  }

  /** To be called before the messages are told to be expunged: their numbers are needed. RFC 5267 §4.3.4 */
  tellGone(out: ResponseWriter, gone: readonly number[]): void {
    if (gone.length === 0) return;
    for (const context of this.#contexts.values()) {
      const response = context.remove(this.#mailbox, gone);
      if (response !== undefined) out.write(`* ${response}\r\n`);
    }
  }

  /**
   * Looks how the results change. What it returns is to be told after EXISTS and the FETCH responses to changes.
   * @returns `attributes`: items of FETCH that searches ask for of new messages, by UID
   * Source: RFC 5267 §4.3.3, RFC 5465 §5.1, §5.2 and §7
   */
  async look(touched: Touched, nowMs: number): Promise<ResultNews> {
    const news = { responses: [] as string[], attributes: new Map<number, readonly FetchItem[]>() };
    if (!this.some) return news;
    const changed = new Set(touched.changed);
    for (const uid of this.#ownChanged) if (this.#mailbox.sequenceOf(uid) > 0) changed.add(uid);
    this.#ownChanged.clear();
    for (const uid of touched.added) changed.delete(uid);
    const all = { added: touched.added, changed: [...changed] };
    if (all.added.length === 0 && all.changed.length === 0) return news;
    for (const context of this.#contexts.values()) {
      const { response, matching } = await context.update(this.#mailbox, all, nowMs);
      if (response !== undefined) news.responses.push(response);
      for (const uid of context.attributes.length > 0 ? matching : []) {
        news.attributes.set(uid, joinItems(news.attributes.get(uid) ?? [], context.attributes));
      }
    }
    return news;
  }
}

interface ResultNews {
  readonly responses: readonly string[];
  readonly attributes: ReadonlyMap<number, readonly FetchItem[]>;
}
