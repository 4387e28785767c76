import type { FetchItem } from '../imap/fetch-items.ts';

/** What a client is told of the mailbox that it has selected. Source: RFC 5465 §3.1, §6.1 */
export interface SelectedEvents {
  /** MessageNew and MessageExpunge, which always go together. */
  readonly messages: boolean;
  readonly flags: boolean;
  /** EXPUNGE is told by commands only: SELECTED-DELAYED, and whoever has not given NOTIFY. */
  readonly delayed: boolean;
  /** Of new messages. */
  readonly fetchItems: readonly FetchItem[];
}

/** As long as NOTIFY was not used. */
export const allSelectedEvents: SelectedEvents = { messages: true, flags: true, delayed: true, fetchItems: [] };

export const noSelectedEvents: SelectedEvents = { ...allSelectedEvents, messages: false, flags: false };
