import { AccountChange, type AccountTransactor } from './account-change.ts';
import { recordName } from './make-mailbox.ts';
import { type Repaired, Repairs } from './repairs.ts';

/**
 * Mends what numbers must hold: UIDNEXT above every UID, UIDVALIDITYs given once and below the next, MODSEQs that cover what they stand
 * for, ids of contents below the next, keywords that mailboxes know, and which contents are to be erased. Numbers only go up. A mailbox in
 * which UIDs were used again gets a new UIDVALIDITY: what clients know of it is wrong.
 */
export async function repairUidMeta(transactor: AccountTransactor, args: { dryRun: boolean }): Promise<Repaired> {
  const repairs = new Repairs(transactor);
  const reused = await mailboxesToRenew(transactor);
  await repairs.run(
    'creation sequences put in order',
    `UPDATE messages SET create_seq = ordered.before FROM (
       SELECT mailbox_id, uid, create_seq, max(create_seq) OVER (PARTITION BY mailbox_id ORDER BY uid) AS before FROM messages
     ) AS ordered
     WHERE messages.mailbox_id = ordered.mailbox_id AND messages.uid = ordered.uid AND ordered.create_seq < ordered.before`,
  );
  await repairs.run('MODSEQs of messages raised', 'UPDATE messages SET modseq = create_seq WHERE modseq < create_seq');
  await repairs.run(
    'MODSEQs of mailboxes raised',
    `UPDATE mailboxes SET modseq = needed.modseq FROM (
       SELECT id, max(create_seq, coalesce((SELECT max(modseq) FROM messages WHERE mailbox_id = id), 0)) AS modseq FROM mailboxes
     ) AS needed WHERE needed.id = mailboxes.id AND mailboxes.modseq < needed.modseq`,
  );
  await repairs.run(
    'MODSEQ of the account raised',
    `UPDATE account SET modseq = (SELECT max(modseq) FROM mailboxes)
     WHERE modseq < (SELECT max(modseq) FROM mailboxes)`,
  );
  await repairs.run(
    'UIDNEXTs raised',
    `UPDATE mailboxes SET uid_next = 1 + (SELECT max(uid) FROM messages WHERE mailbox_id = id)
     WHERE uid_next <= (SELECT max(uid) FROM messages WHERE mailbox_id = id)`,
  );
  await repairs.run(
    'next UIDVALIDITY raised',
    `UPDATE account SET next_uid_validity = needed.next FROM (
       SELECT 1 + max((SELECT coalesce(max(uid_validity), 0) FROM mailboxes),
         (SELECT coalesce(max(uid_validity), 0) FROM mailbox_names)) AS next
     ) AS needed WHERE next_uid_validity < needed.next`,
  );
  await repairs.run(
    'next id of contents raised',
    `UPDATE account SET next_content_id = 1 + (SELECT max(id) FROM contents)
     WHERE next_content_id <= (SELECT max(id) FROM contents)`,
  );
  await repairs.run(
    'keywords added to mailboxes',
    `UPDATE mailboxes SET keywords = used.keywords FROM (
       SELECT mailboxes.id, json_group_array(DISTINCT name.value) AS keywords
       FROM mailboxes JOIN json_each((SELECT json_group_array(value) FROM (
         SELECT value FROM json_each(mailboxes.keywords) UNION
         SELECT each.value FROM messages, json_each(messages.keywords) AS each
         WHERE messages.mailbox_id = mailboxes.id AND messages.expunged = 0 AND messages.keywords IS NOT NULL))) AS name
       GROUP BY mailboxes.id
     ) AS used WHERE used.id = mailboxes.id
       AND json_array_length(used.keywords) > json_array_length(mailboxes.keywords)`,
  );
  await repairs.run(
    'contents no longer marked to be erased',
    `DELETE FROM erase WHERE content_id NOT IN (SELECT id FROM contents)
       OR EXISTS (SELECT 1 FROM messages WHERE messages.content_id = erase.content_id AND expunged = 0)`,
  );
  await repairs.run(
    'contents marked to be erased',
    `INSERT INTO erase (content_id, modseq) SELECT id, (SELECT modseq FROM account) FROM contents
     WHERE id NOT IN (SELECT content_id FROM erase)
       AND NOT EXISTS (SELECT 1 FROM messages WHERE content_id = id AND expunged = 0)`,
  );
  await renewUidValidities(transactor, repairs, reused);
  return repairs.finish(args.dryRun);
}

/** Live mailboxes whose UIDVALIDITY can't stay: given twice, below an earlier one of the name, or with UIDs that were used again. */
async function mailboxesToRenew(transactor: AccountTransactor): Promise<number[]> {
  const rows = await transactor.all<{ id: number }>(
    `SELECT id FROM mailboxes WHERE expunged = 0 AND (
       uid_validity < (SELECT uid_validity FROM mailbox_names WHERE mailbox_names.name = mailboxes.name)
       OR EXISTS (SELECT 1 FROM mailboxes AS other WHERE other.uid_validity = mailboxes.uid_validity
         AND (other.id < mailboxes.id OR other.expunged = 1) AND other.id <> mailboxes.id)
       OR id IN (SELECT mailbox_id FROM (SELECT mailbox_id, create_seq, max(create_seq) OVER (PARTITION BY mailbox_id
         ORDER BY uid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM messages)
         WHERE create_seq < before)) ORDER BY id`,
  );
  return rows.map(({ id }) => id);
}

async function renewUidValidities(
  transactor: AccountTransactor,
  repairs: Repairs,
  mailboxIds: readonly number[],
): Promise<void> {
  const change = await AccountChange.begin(transactor);
  for (const id of mailboxIds) {
    const mailbox = await change.mailbox(id);
    mailbox.uid_validity = change.takeUidValidity();
    change.touch(mailbox);
    await recordName(change, mailbox);
    repairs.note(`mailbox "${mailbox.name}" got UIDVALIDITY ${mailbox.uid_validity}: mail programs fetch it anew`);
  }
  await change.finish();
  // A name that was never recorded, or with less than it has had.
  await repairs.run(
    'UIDVALIDITYs recorded for names',
    `INSERT INTO mailbox_names (name, uid_validity) SELECT name, uid_validity FROM mailboxes WHERE expunged = 0
       AND uid_validity IS NOT (SELECT uid_validity FROM mailbox_names WHERE mailbox_names.name = mailboxes.name)
     ON CONFLICT (name) DO UPDATE SET uid_validity = excluded.uid_validity`,
  );
  await repairs.run(
    'UIDVALIDITYs of deleted mailboxes made different',
    `UPDATE mailboxes SET uid_validity = -id WHERE expunged = 1 AND EXISTS (SELECT 1 FROM mailboxes AS other
       WHERE other.uid_validity = mailboxes.uid_validity AND other.id <> mailboxes.id)`,
  );
}
