import type { Readable } from 'node:stream';
import type { HoldRules } from './hold-rules.ts';
import type { IncomingNotice, NoticedRecipient } from './incoming-notice.ts';
import type { RetiredMessages } from './retired-messages.ts';
import type { SendingLimits } from './sending-limits.ts';
import type { Suppressions } from './suppressions.ts';
import type { Webhooks } from './webhooks.ts';

/**
 * The queue of outgoing mail: everything submitted, and every DSN, until each recipient is delivered, relayed or given up.
 *
 * ## On disk
 * `queue/index.db`: `message` (one row a message), `recipient` (one row for each recipient that is not finished), `destination` (when
 * a domain is next due), `reserved` (blocks of message ids whose files may be without a row), `erase` (messages that are gone, whose
 * file is still there), `sent` (how much each account sent, by the hour,
 * for a day), `known_recipient` (whom each has written to), `hold_rule` (which messages are held as they come), `retired`
 * (what became of recipients, for some days), `suppression` (addresses that an account sends nothing to) `bounce` (failures that may
 * lead to one), `webhook` and `retired_webhook` (requests that tell programs of accounts what happens to their mail), `incoming_cursor` and
 * `incoming_seen` (which deliveries have theirs).
 * `queue/msg/<dir>/<id>`: one file a message, `<dir>` being the id divided by 1024; never changed once linked.
 *
 * ## Invariants
 * - Each `message` has at least one `recipient` and its file, whole. It goes in the transaction that finishes its last recipient,
 *   and its id is then in `erase` until the file is gone.
 * - A file without a `message` row has an id that lies in a `reserved` block or is in `erase`.
 * - A recipient is finished (delivered, relayed, failed, suppressed, dropped) by deleting its row. Its row in `retired` and the DSN that
 *   tells of it, a message of its own whose file was made durable before, are added in the same transaction.
 * - Ids are never used twice.
 *
 * ## What a crash leaves
 * - Before the file is linked, or after that and before the commit: nobody was told 250. The file's id is in a reserved block and
 *   has no row: it is removed at the next start.
 * - After the commit of `submit`: the message is in the queue.
 * - After the commit that finishes a recipient: it is not tried again, and its DSN is in the queue.
 * - **The window that remains**: between the moment the peer commits to its 250 for the message and our commit (one fsync later), a
 *   crash makes the queue send the message again. SMTP has no way around it (RFC 5321 §4.1.1.4, RFC 1047): the peer gets a second
 *   copy, with the same Message-ID. The commit comes before anything else that follows a reply, so the window is one group commit
 *   wide. The same holds for local delivery, which is given the recipient's queue id (never used twice) to know a repetition by.
 */
export interface Queue extends AsyncDisposable {
  /**
   * Takes a message over: durable when the promise resolves. The file is linked, so that the caller disposes of its own name.
   * @returns the queue's id of each recipient, in the order given; the Message-ID without brackets, if the message has one
   * @throws InvalidQueueRecipientError; RestanteError `sending-limit-messages`, `sending-limit-recipients`
   */
  submit(message: SubmittedMessage): Promise<{ ids: number[]; messageId?: string }>;
  /** Recipients in the queue, by id. At most `limit` (1,000 unless told) after the id `after`. */
  list(filter: QueueFilter & { limit?: number; after?: number }): Promise<QueuedMessage[]>;
  hold(filter: QueueFilter): Promise<{ count: number }>;
  unhold(filter: QueueFilter): Promise<{ count: number }>;
  /** Sets the time of the next attempt: an instant, or that much later than it is now set. Leaves `held` as it is. */
  schedule(filter: QueueFilter, when: { at: number } | { deltaMs: number }): Promise<{ count: number }>;
  /** Gives up: removes recipients and tells the sender with a failure DSN. Those whose delivery is under way are left alone. */
  fail(filter: QueueFilter): Promise<{ count: number }>;
  /** Removes recipients without telling anybody. */
  drop(filter: QueueFilter): Promise<{ count: number }>;
  /**
   * The bytes of the message that a recipient waits for, prefix and file.
   * @throws QueueEntryNotFoundError
   */
  dump(id: number): Promise<Readable>;
  /** Looks for due recipients now. */
  kick(): void;
  readonly holdRules: HoldRules;
  readonly retired: RetiredMessages;
  readonly suppressions: Suppressions;
  readonly webhooks: Webhooks;
  /**
   * What a delivery status notification from elsewhere says of messages that are known as retired, with just those recipients; whatever
   * else it says is passed over. Taking it again changes nothing.
   * @returns the recipients that it was about
   */
  takeNotice(notice: IncomingNotice): Promise<NoticedRecipient[]>;
}

/** A message file that is whole and flushed, in the data directory's `tmp/`. */
export interface QueueableFile {
  /** Below `tmp/`. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
}

export type BodyType = '7BIT' | '8BITMIME' | 'BINARYMIME';

export interface SubmittedMessage {
  /** Reverse-path; empty for the null one. */
  readonly sender: string;
  /** The account that submitted it. */
  readonly account?: string;
  /** For what the account may send; what it sends is counted in any case. */
  readonly limits?: SendingLimits;
  readonly recipients: readonly SubmittedRecipient[];
  readonly file: QueueableFile;
  /** Header fields that go before the file. */
  readonly prefix?: Uint8Array;
  /** RFC 3461 §4.3. */
  readonly ret?: 'FULL' | 'HDRS';
  /** RFC 3461 §4.4, xtext as received. */
  readonly envid?: string;
  readonly smtputf8: boolean;
  readonly body: BodyType;
  /** RFC 8689. */
  readonly requireTls: boolean;
  /** No attempt before this instant, in milliseconds (RFC 4865). */
  readonly holdUntil?: number;
  readonly isDsn?: boolean;
  /** It brings a report, of this kind: no sender is told what becomes of it, but whoever makes reports is told when it fails. */
  readonly report?: ReportKind;
}

export type ReportKind = 'dmarc' | 'tls';

export interface SubmittedRecipient {
  readonly address: string;
  /** RFC 3461 §4.1: `NEVER`, or any of `SUCCESS`, `FAILURE`, `DELAY`. Absent: failures, and delays as we see fit. */
  readonly notify?: readonly string[];
  /** RFC 3461 §4.2: `rfc822;` or `utf-8;` and xtext, as received. */
  readonly orcpt?: string;
}

/** Which recipients an operation is for: all that match every member given. Empty matches nothing unless `all` is set. */
export interface QueueFilter {
  readonly ids?: readonly number[];
  readonly account?: string;
  /** Whole addresses, compared without regard to case. */
  readonly sender?: string;
  readonly recipient?: string;
  /** Of the recipient. */
  readonly domain?: string;
  readonly held?: boolean;
  readonly all?: boolean;
}

/** One recipient in the queue, with what its message says. */
export interface QueuedMessage {
  readonly id: number;
  /** The message's own id: what the recipients of one message share, and the name of the file. */
  readonly messageId: number;
  readonly account: string | undefined;
  readonly sender: string;
  readonly recipient: string;
  readonly domain: string;
  readonly queuedAt: number;
  readonly attempts: number;
  readonly nextAttemptAt: number;
  readonly held: boolean;
  readonly lastAttemptAt: number | undefined;
  readonly lastResult: AttemptReply | undefined;
  /** Prefix and file. */
  readonly sizeBytes: number;
  readonly subject: string;
  /** Message-ID header field, without the angle brackets. */
  readonly messageIdHeader: string;
  readonly isDsn: boolean;
  readonly requireTls: boolean;
  readonly smtputf8: boolean;
}

/** What came of an attempt, in SMTP's terms, whether a peer said it or we did. */
export interface AttemptReply {
  /** 250, 4xx, 5xx. */
  readonly code: number;
  /** RFC 3463, such as `4.4.1`. */
  readonly enhanced: string;
  readonly text: string;
  /** Who said it; absent when it was us. */
  readonly host?: string;
  /** Of the session that it was said in; absent when there was none, and in replies from before. */
  readonly tls?: DeliveryTls;
}

/**
 * What stood for a session's being with the right server, and kept it from others.
 * - `dane`: DNSSEC-validated TLSA records.
 * - `mta-sts`: the domain's MTA-STS policy, and an authority.
 * - `verified`: a certificate of an authority for the server's name, which nobody had asked for.
 * - `encrypted`: any certificate: whoever can change the DNS or the connection could have read it.
 * - `none`: not encrypted.
 */
export type DeliveryTls = 'dane' | 'mta-sts' | 'verified' | 'encrypted' | 'none';
