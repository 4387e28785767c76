import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { composeDsn, type DsnRecipient } from '../message/compose-dsn.ts';
import { limits } from '../runtime/limits.ts';
import { decodeXtext } from '../smtp/xtext.ts';
import type { NoticeAction } from './due-notice.ts';
import { headerSummary } from './header-summary.ts';
import { readHeader } from './message-content.ts';
import type { MessageFiles } from './message-files.ts';
import type { MessageIds, ReservedId } from './message-ids.ts';
import type { NewDsn } from './operations.ts';
import type { AttemptReply } from './queue.ts';
import { recipientDomain } from './recipient-domain.ts';
import type { MessageRow, RecipientRow } from './schema.ts';

export interface NoticeWriterOptions {
  readonly hostname: string;
  readonly files: MessageFiles;
  readonly ids: MessageIds;
  /** 0 to 1. */
  readonly random: () => number;
}

/** One recipient a DSN tells of. */
export interface NoticeRecipient {
  readonly row: RecipientRow;
  readonly action: NoticeAction;
  readonly reply: AttemptReply;
  /** Only with `delayed`. */
  readonly willRetryUntil?: number;
}

/** A DSN whose file is durable, to be committed; `reserved` is settled afterwards, either way. */
export interface WrittenNotice {
  readonly dsn: NewDsn;
  readonly reserved: ReservedId;
}

/**
 * Writes the DSN that tells the sender of a message what became of some recipients, under an id of its own. It is part of the
 * queue only when it is committed.
 * @returns undefined when the sender's address can't be written to
 * Source: RFC 3461 §6, RFC 3464; RFC 8689 §5
 */
export async function writeNotice(
  options: NoticeWriterOptions,
  message: MessageRow,
  recipients: readonly NoticeRecipient[],
  now: number,
): Promise<WrittenNotice | undefined> {
  const domain = recipientDomain(message.sender);
  if (domain === undefined) return undefined;
  const reserved = await options.ids.take();
  try {
    const unique = `${now.toString(36)}.${reserved.id.toString(36)}.${Math.floor(options.random() * 2 ** 32).toString(36)}`;
    const bytes = composeDsn({
      to: message.sender,
      from: `postmaster@${options.hostname}`,
      messageId: `${unique}@${options.hostname}`,
      dateMs: now,
      reportingMta: options.hostname,
      ...decoded('originalEnvelopeId', message.envid),
      arrivedAtMs: message.queued_at,
      recipients: recipients.map((recipient) => reportOf(recipient, now)),
      original: await originalOf(options.files, message, recipients),
      originalMessageId: message.message_id_header === '' ? '' : `<${message.message_id_header}>`,
      smtpUtf8: message.smtputf8 === 1,
      boundary: unique,
    });
    await options.files.write(reserved.id, bytes);
    const eightBit = bytes.some((byte) => byte > 127);
    const summary = headerSummary(bytes.subarray(0, bytes.indexOf('\r\n\r\n') + 2));
    return {
      reserved,
      dsn: {
        message: {
          id: reserved.id,
          account: null,
          sender: '',
          size_bytes: bytes.length,
          sha256: createHash('sha256').update(bytes).digest(),
          prefix: new Uint8Array(0),
          subject: summary.subject,
          message_id_header: summary.messageIdHeader,
          ret: null,
          envid: null,
          smtputf8: message.smtputf8 === 1 && eightBit ? 1 : 0,
          body: eightBit ? '8BITMIME' : '7BIT',
          // RFC 8689 §5: what was to travel under TLS only, comes back under TLS only.
          require_tls: message.require_tls,
          tls_optional: 0,
          is_dsn: 1,
          report: null,
          queued_at: now,
        },
        nextAttemptAt: now,
        recipients: [{ address: message.sender, domain, notify: null, orcpt: null }],
        about: recipients.map(({ row }) => row.id),
      },
    };
  } catch (error) {
    await options.files.removeAll([reserved.id]);
    reserved.settle();
    throw error;
  }
}

function reportOf(recipient: NoticeRecipient, now: number): DsnRecipient {
  const { row, action, reply, willRetryUntil } = recipient;
  return {
    finalRecipient: row.address,
    ...decoded('originalRecipient', row.orcpt),
    action,
    status: reply.enhanced,
    ...(reply.host === undefined ? {} : { remoteMta: reply.host }),
    diagnosticCode: reply.host === undefined ? reply.text : `${reply.code} ${reply.enhanced} ${reply.text}`,
    lastAttemptAtMs: now,
    ...(willRetryUntil === undefined ? {} : { willRetryUntilMs: willRetryUntil }),
  };
}

/** RFC 3461 §4.3: RET is for failures only; other DSNs have the header. RFC 8689 §5: the header only, too, with REQUIRETLS. */
async function originalOf(
  files: MessageFiles,
  message: MessageRow,
  recipients: readonly NoticeRecipient[],
): Promise<{ bytes: Uint8Array; full: boolean }> {
  const content = { prefix: message.prefix, path: files.path(message.id), sizeBytes: message.size_bytes };
  const sizeBytes = message.prefix.length + message.size_bytes;
  try {
    if (
      message.ret === 'FULL' &&
      message.require_tls === 0 &&
      message.body !== 'BINARYMIME' &&
      sizeBytes <= limits.queueReturnedMessageBytes &&
      recipients.some(({ action }) => action === 'failed')
    ) {
      return { bytes: Buffer.concat([content.prefix, await readFile(content.path)]), full: true };
    }
    return { bytes: await readHeader(content, limits.dsnHeaderBytes), full: false };
  } catch (error) {
    // A message whose file is lost is told of all the same.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { bytes: content.prefix, full: false };
  }
}

function decoded<Name extends string>(name: Name, xtext: string | null): { [key in Name]?: string } {
  if (xtext === null) return {};
  const text = decodeXtext(xtext) ?? xtext;
  return { [name]: text } as { [key in Name]?: string };
}
