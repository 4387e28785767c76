import type { FetchItem } from '../imap/fetch-items.ts';
import type { Account } from '../store/account.ts';
import type { RenderedMessageRow } from '../store/messages/message-rows.ts';
import type { IndexedHeader } from '../store/text-index/indexed-header.ts';
import { HeaderSelection } from './header-selection.ts';

/** What the index of texts has of one message. What is missing is in the message itself. */
export interface IndexedContent {
  readonly header: IndexedHeader | undefined;
  readonly preview: string | undefined;
}

/** Items of a FETCH that the index of texts may answer. */
export class IndexedItems {
  /** Nothing else of the messages is asked for than what the index may have. */
  readonly only: boolean;
  readonly #account: Account;
  readonly #selections: readonly HeaderSelection[];
  readonly #wantsPreviews: boolean;

  private constructor(account: Account, selections: readonly HeaderSelection[], wantsPreviews: boolean, only: boolean) {
    this.#account = account;
    this.#selections = selections;
    this.#wantsPreviews = wantsPreviews;
    this.only = only;
  }

  /** @returns undefined when there are none */
  static of(account: Account, items: readonly FetchItem[]): IndexedItems | undefined {
    const selections: HeaderSelection[] = [];
    let wantsPreviews = false;
    let only = true;
    for (const item of items) {
      const selection = item.kind === 'section' && !item.decode ? HeaderSelection.of(item.section) : undefined;
      if (selection !== undefined) selections.push(selection);
      else if (item.kind === 'PREVIEW') wantsPreviews = true;
      else if (item.kind === 'section' || item.kind === 'BODY' || item.kind === 'BINARY.SIZE') only = false;
    }
    if (selections.length === 0 && !wantsPreviews) return undefined;
    return new IndexedItems(account, selections, wantsPreviews, only);
  }

  /** Asks about the messages of a batch. @returns what there is, by content id */
  read(rows: readonly Pick<RenderedMessageRow, 'contentId'>[]): (contentId: number) => IndexedContent {
    const contentIds = rows.map(({ contentId }) => contentId);
    const headers = this.#selections.length > 0 ? this.#account.textIndex?.headers(contentIds) : undefined;
    const previews = this.#wantsPreviews ? this.#account.textIndex?.previews(contentIds) : undefined;
    return (id) => ({ header: headers?.get(id), preview: previews?.get(id) });
  }

  /** Whether this is all that they need. */
  areIn({ header, preview }: IndexedContent): boolean {
    if (this.#wantsPreviews && preview === undefined) return false;
    return this.#selections.every((selection) => selection.isIn(header));
  }
}
