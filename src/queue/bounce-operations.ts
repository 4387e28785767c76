import type { Transactor } from '../database/engine.ts';
import { limits } from '../runtime/limits.ts';
import { baseAddress } from './base-address.ts';
import { bounceKind } from './bounce-kind.ts';
import { fromIdOf } from './from-id.ts';
import type { IncomingNotice, NoticedRecipient, NoticeRecipientStatus } from './incoming-notice.ts';
import { noteBounce } from './note-bounce.ts';
import type { WantedEvents } from './outgoing-event.ts';
import type { AttemptReply } from './queue.ts';
import type { QueueSchema, RetiredRow } from './schema.ts';
import { type HookTally, isNewIncoming, noHooks, tellOutgoing } from './webhook-operations.ts';

type Write = Transactor<QueueSchema>;

/** Copies of one message that a notification may be about. */
const candidateRows = 1000;

export const bounceOperations = {
  /**
   * Anybody can send a notification. It counts only for a recipient that a message of the account was sent to, known by the message's
   * own return path or its Message-ID: so whoever makes one up must have had the message. That may be another of its recipients;
   * therefore it suppresses at once only when the message had one recipient, and else counts as one failure of several.
   */
  async takeNotice(
    write: Write,
    args: { notice: IncomingNotice; now: number; wantedEvents: WantedEvents },
  ): Promise<{ noticed: NoticedRecipient[]; hooks: HookTally }> {
    const { notice, now } = args;
    const hooks = noHooks();
    const { account, contentId } = notice;
    if (!(await isNewIncoming(write, { account, contentId, purpose: 'notice', now }))) return { noticed: [], hooks };
    const told = { wanted: args.wantedEvents, tally: hooks, now };
    const candidates = await candidatesOf(write, notice);
    const noticed: NoticedRecipient[] = [];
    for (const status of notice.recipients.slice(0, limits.incomingNoticeRecipients)) {
      const row = candidates.find((candidate) => isAbout(status, candidate));
      if (row === undefined) continue;
      let suppressed = false;
      const reply = replyOf(status);
      if (status.action === 'failed' && (row.end === 'delivered' || row.end === 'relayed')) {
        await write.run(
          `UPDATE retired SET "end" = 'failed', ended_at = ?, code = ?, enhanced = ?, text = ?, host = ? WHERE id = ?`,
          [now, reply.code, reply.enhanced, reply.text, reply.host ?? null, row.id],
        );
        const kind = bounceKind(reply);
        if (kind !== undefined) {
          const sure = kind === 'hard' && (await hadOneRecipient(write, row));
          const bounce = {
            account: notice.account,
            address: row.address,
            recipientId: row.id,
            byNotice: true,
            reply,
            now,
          };
          suppressed = await noteBounce(write, { ...bounce, kind: sure ? 'hard' : 'soft' });
        }
      }
      noticed.push({ id: row.id, action: status.action, suppressed });
      if (!isTold(status.action)) continue;
      const details = { attempts: row.attempts, reply, byNotice: true, suppressing: suppressed };
      await tellOutgoing(write, status.action, row, details, told);
    }
    const [sent] = candidates;
    if (noticed.length === 0 && sent !== undefined) {
      await tellOutgoing(
        write,
        'unrecognized',
        sent,
        { attempts: sent.attempts, reply: undefined, byNotice: true },
        told,
      );
    }
    return { noticed, hooks };
  },
};

/** RFC 3464 §2.3.3. */
function isTold(action: string): action is 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded' {
  return ['failed', 'delayed', 'delivered', 'relayed', 'expanded'].includes(action);
}

async function candidatesOf(write: Write, notice: IncomingNotice): Promise<RetiredRow[]> {
  const { account, originalMessageId, recipient } = notice;
  const byMessageId =
    originalMessageId === undefined || originalMessageId === ''
      ? []
      : await write.all<RetiredRow>(
          `SELECT * FROM retired WHERE message_id_header = ? AND account IS NOT NULL AND account = ? AND is_dsn = 0
           ORDER BY id DESC LIMIT ?`,
          [originalMessageId, account, candidateRows],
        );
  const fromId = fromIdOf(recipient);
  if (byMessageId.length > 0 || fromId === undefined) return byMessageId;
  return await write.all<RetiredRow>(
    'SELECT * FROM retired WHERE from_id = ? AND account = ? AND is_dsn = 0 ORDER BY id DESC LIMIT ?',
    [fromId, account, candidateRows],
  );
}

function isAbout(status: NoticeRecipientStatus, row: RetiredRow): boolean {
  const base = baseAddress(row.address);
  return base !== undefined && status.addresses.some((address) => baseAddress(address) === base);
}

async function hadOneRecipient(write: Write, row: RetiredRow): Promise<boolean> {
  const others = await write.first<{ count: number }>(
    `SELECT (SELECT count(*) FROM retired WHERE message_id = ?) + (SELECT count(*) FROM recipient WHERE message_id = ?) AS count`,
    [row.message_id, row.message_id],
  );
  return others?.count === 1;
}

function replyOf(status: NoticeRecipientStatus): AttemptReply {
  const said = /^([45]\d\d)[ -](?:([45]\.\d{1,3}\.\d{1,3}) )?(.*)$/s.exec(status.diagnostic ?? '');
  const enhanced =
    status.status !== '' && !/^[245]\.0\.0$/.test(status.status) ? status.status : (said?.[2] ?? '5.0.0');
  // What has failed has failed for good, whatever was said last.
  const digit = status.action === 'failed' ? '5' : status.action === 'delayed' ? '4' : '2';
  return {
    code: Number(`${digit}50`),
    enhanced: enhanced.replace(/^\d/, digit),
    text: (said?.[3] ?? status.diagnostic ?? `A notification says ${status.action}`).slice(0, 500),
    host: status.reportingMta?.slice(0, 255) ?? 'unknown',
  };
}
