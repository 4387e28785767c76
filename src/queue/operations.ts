import type { Parameter, Transactor } from '../database/engine.ts';
import { bounceOperations } from './bounce-operations.ts';
import {
  type EndedRecipient,
  type EndKind,
  type EndPolicy,
  endedColumns,
  endRecipient,
  retirementOperations,
} from './end-recipient.ts';
import { filterCondition } from './filter-condition.ts';
import { heldDomains, holdRuleOperations } from './hold-rule-operations.ts';
import type { AttemptReply, QueueFilter } from './queue.ts';
import { refreshDestinations } from './refresh-destinations.ts';
import { type MessageRow, migrations, type QueueSchema } from './schema.ts';
import { countSending, type SendingLimits } from './sending-limits.ts';
import { suppressionOperations } from './suppression-operations.ts';
import { type HookTally, noHooks, tellOutgoing, webhookOperations } from './webhook-operations.ts';

export { migrations };

type Write = Transactor<QueueSchema>;

/** A message to add, with its file already in place under the id. */
export interface NewQueueMessage {
  readonly message: Readonly<MessageRow>;
  readonly nextAttemptAt: number;
  readonly recipients: readonly {
    readonly address: string;
    readonly domain: string;
    readonly notify: string | null;
    readonly orcpt: string | null;
  }[];
}

/** What an attempt did to one recipient. */
export type RecipientOutcome =
  | {
      readonly id: number;
      readonly kind: 'finished';
      readonly end: EndKind;
      /** Made in all. */
      readonly attempts: number;
      readonly reply: AttemptReply;
      /** The transport it was handed to. */
      readonly transport?: string | undefined;
    }
  | { readonly id: number; readonly kind: 'retry'; readonly nextAttemptAt: number; readonly reply: AttemptReply };

/** A DSN, added only if one of the recipients it tells of was still in the queue: an operator may have dropped them meanwhile. */
export interface NewDsn extends NewQueueMessage {
  readonly about: readonly number[];
}

/** What a change did: domains of recipients added, how recipients ended, and messages whose files are to be erased. */
export interface ChangeSummary {
  added: string[];
  ends: EndKind[];
  hooks: HookTally;
  erased: number[];
}

/** One step of a change by filter: recipients looked at are those after the id `after`, at most `limit`. */
interface FilterStep {
  readonly filter: QueueFilter;
  readonly after: number;
  readonly limit: number;
}

interface StepResult {
  count: number;
  /** Where the next step goes on; undefined when there is none. */
  after: number | undefined;
}

async function addMessage(write: Write, added: NewQueueMessage): Promise<number[]> {
  const { message, recipients, nextAttemptAt } = added;
  await write.run(
    `INSERT INTO message (id, account, sender, size_bytes, sha256, prefix, subject, message_id_header, ret, envid, smtputf8, body,
       require_tls, tls_optional, is_dsn, report, queued_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      message.id,
      message.account,
      message.sender,
      message.size_bytes,
      message.sha256,
      message.prefix,
      message.subject,
      message.message_id_header,
      message.ret,
      message.envid,
      message.smtputf8,
      message.body,
      message.require_tls,
      message.tls_optional,
      message.is_dsn,
      message.report,
      message.queued_at,
    ],
  );
  const ids: number[] = [];
  const domains = new Set(recipients.map((recipient) => recipient.domain));
  const held = await heldDomains(write, message, domains);
  for (const recipient of recipients) {
    const { lastInsertId } = await write.run(
      'INSERT INTO recipient (message_id, address, domain, notify, orcpt, held, next_attempt_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      [
        message.id,
        recipient.address,
        recipient.domain,
        recipient.notify,
        recipient.orcpt,
        held.has(recipient.domain) ? 1 : 0,
        nextAttemptAt,
      ],
    );
    ids.push(lastInsertId);
  }
  for (const domain of domains) {
    if (held.has(domain)) continue;
    await write.run(
      `INSERT INTO destination (domain, next_attempt_at) VALUES (?, ?)
       ON CONFLICT (domain) DO UPDATE SET next_attempt_at = min(next_attempt_at, excluded.next_attempt_at)`,
      [domain, nextAttemptAt],
    );
  }
  return ids;
}

/** Removes messages that have no recipient left; their files are then to be erased. */
async function removeFinishedMessages(write: Write, messageIds: Iterable<number>): Promise<number[]> {
  const erased: number[] = [];
  for (const id of messageIds) {
    const { changes } = await write.run(
      'DELETE FROM message WHERE id = ? AND NOT EXISTS (SELECT 1 FROM recipient WHERE message_id = ?)',
      [id, id],
    );
    if (changes === 0) continue;
    await write.run('INSERT OR IGNORE INTO erase (message_id) VALUES (?)', [id]);
    erased.push(id);
  }
  return erased;
}

async function choose(write: Write, step: FilterStep): Promise<{ chosen: EndedRecipient[]; result: StepResult }> {
  const { sql, parameters } = filterCondition(step.filter);
  const chosen = await write.all<EndedRecipient>(
    `SELECT ${endedColumns} FROM recipient r JOIN message m ON m.id = r.message_id
     WHERE r.id > ? AND ${sql} ORDER BY r.id LIMIT ?`,
    [step.after, ...parameters, step.limit],
  );
  const after = chosen.length < step.limit ? undefined : chosen.at(-1)?.id;
  return { chosen, result: { count: chosen.length, after } };
}

function lastReply(row: EndedRecipient): AttemptReply | undefined {
  if (row.last_code === null) return undefined;
  const said = { code: row.last_code, enhanced: row.last_enhanced ?? '', text: row.last_text ?? '' };
  return row.last_host === null ? said : { ...said, host: row.last_host };
}

async function changeChosen(
  write: Write,
  step: FilterStep,
  assignment: string,
  parameters: readonly Parameter[],
): Promise<StepResult> {
  const { chosen, result } = await choose(write, step);
  await write.runEach(
    `UPDATE recipient SET ${assignment} WHERE id = ?`,
    chosen.map((recipient) => [...parameters, recipient.id]),
  );
  await refreshDestinations(write, new Set(chosen.map((recipient) => recipient.domain)));
  return result;
}

export const operations = {
  ...holdRuleOperations,
  ...retirementOperations,
  ...suppressionOperations,
  ...bounceOperations,
  ...webhookOperations,

  /** Sets a block of message ids apart, whose files may exist without rows until the block is settled. */
  async reserveIds(write: Write, args: { count: number; settled: readonly number[] }): Promise<{ first: number }> {
    for (const first of args.settled) await write.run('DELETE FROM reserved WHERE first = ?', [first]);
    const next = await write.first<{ id: number }>('SELECT id FROM next_id WHERE one = 1');
    const first = next?.id ?? 1;
    await write.run('UPDATE next_id SET id = ? WHERE one = 1', [first + args.count]);
    await write.run('INSERT INTO reserved (first, last) VALUES (?, ?)', [first, first + args.count - 1]);
    return { first };
  },

  async settleReserved(write: Write, args: { firsts: readonly number[] }): Promise<void> {
    for (const first of args.firsts) await write.run('DELETE FROM reserved WHERE first = ?', [first]);
  },

  async submit(write: Write, args: NewQueueMessage & { limits: SendingLimits }): Promise<{ ids: number[] }> {
    const { account, queued_at: now } = args.message;
    const addresses = args.recipients.map(({ address }) => address);
    if (account !== null) await countSending(write, { account, addresses, limits: args.limits, now });
    return { ids: await addMessage(write, args) };
  },

  /** Writes what an attempt came to, together with the DSNs it calls for. */
  async finishAttempt(
    write: Write,
    args: { outcomes: readonly RecipientOutcome[]; dsns: readonly NewDsn[]; now: number; policy: EndPolicy },
  ): Promise<ChangeSummary> {
    const summary: ChangeSummary = { added: [], ends: [], hooks: noHooks(), erased: [] };
    const touched = new Set<number>();
    const messages = new Set<number>();
    const domains = new Set<string>();
    for (const outcome of args.outcomes) {
      const row = await write.first<EndedRecipient>(
        `SELECT ${endedColumns} FROM recipient r JOIN message m ON m.id = r.message_id WHERE r.id = ?`,
        [outcome.id],
      );
      if (row === undefined) continue;
      touched.add(row.id);
      domains.add(row.domain);
      if (outcome.kind === 'finished') {
        await endRecipient(write, row, { ...outcome, now: args.now }, args.policy, summary.hooks);
        messages.add(row.message_id);
        summary.ends.push(outcome.end);
      } else {
        await write.run(
          `UPDATE recipient SET attempts = attempts + 1, next_attempt_at = ?, last_attempt_at = ?, last_code = ?,
             last_enhanced = ?, last_text = ?, last_host = ?, last_tls = ? WHERE id = ?`,
          [
            outcome.nextAttemptAt,
            args.now,
            outcome.reply.code,
            outcome.reply.enhanced,
            outcome.reply.text,
            outcome.reply.host ?? null,
            outcome.reply.tls ?? null,
            row.id,
          ],
        );
        const told = { wanted: args.policy.wantedEvents, tally: summary.hooks, now: args.now };
        const details = { ...outcome, attempts: row.attempts + 1 };
        if (row.is_dsn === 0) await tellOutgoing(write, 'delayed', row, details, told);
      }
    }
    summary.erased = await removeFinishedMessages(write, messages);
    for (const dsn of args.dsns) {
      if (!dsn.about.some((id) => touched.has(id))) {
        await write.run('INSERT OR IGNORE INTO erase (message_id) VALUES (?)', [dsn.message.id]);
        summary.erased.push(dsn.message.id);
        continue;
      }
      await addMessage(write, dsn);
      summary.added.push(...dsn.recipients.map(({ domain }) => domain));
    }
    await refreshDestinations(write, domains);
    return summary;
  },

  async setHeld(write: Write, args: FilterStep & { held: boolean }): Promise<StepResult> {
    return await changeChosen(write, args, 'held = ?', [args.held ? 1 : 0]);
  },

  async schedule(write: Write, args: FilterStep & { at?: number; deltaMs?: number }): Promise<StepResult> {
    return args.at === undefined
      ? await changeChosen(write, args, 'next_attempt_at = next_attempt_at + ?', [args.deltaMs ?? 0])
      : await changeChosen(write, args, 'next_attempt_at = ?', [args.at]);
  },

  async drop(
    write: Write,
    args: FilterStep & { now: number; policy: EndPolicy },
  ): Promise<StepResult & { erased: number[]; hooks: HookTally }> {
    const { chosen, result } = await choose(write, args);
    const hooks = noHooks();
    for (const row of chosen) {
      const end = { end: 'dropped', reply: lastReply(row), attempts: row.attempts, now: args.now } as const;
      await endRecipient(write, row, end, args.policy, hooks);
    }
    const erased = await removeFinishedMessages(write, new Set(chosen.map((recipient) => recipient.message_id)));
    await refreshDestinations(write, new Set(chosen.map((recipient) => recipient.domain)));
    return { ...result, erased, hooks };
  },

  /** The files of these messages are gone. */
  async forgetErased(write: Write, args: { ids: readonly number[] }): Promise<void> {
    await write.runEach(
      'DELETE FROM erase WHERE message_id = ?',
      args.ids.map((id) => [id]),
    );
  },
};

export type QueueOperations = typeof operations;
