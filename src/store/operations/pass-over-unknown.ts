import type { AccountTransactor } from './account-change.ts';

/**
 * No account gets this many of any of them between two restores of one backup, nor more in a second than the rates say: what was given
 * out since is below, whether it was before the first restore or between two. UIDs have 32 bits, so that theirs is kept small.
 */
const gaps = { uid: 1_000_000, modseq: 1_000_000_000, uidValidity: 10_000, contentId: 1_000_000_000 };
const perSecond = { uid: 20, modseq: 1_000_000, contentId: 10_000 };
/** Half a year of them, and no more: a mailbox has eight such restores before its UIDs run out. */
const maxUidsByTime = 500_000_000;
const maxModseqsByTime = 1e14;
/** Names of files have up to fifteen digits. */
const maxContentIdsByTime = 1e12;
const maxUid = 4_294_967_295;

/**
 * Makes an account that was restored from a backup safe to go on from. Clients may have seen UIDs, MODSEQs, UIDVALIDITYs and object
 * identifiers given out after the backup: these are passed over, so that none stands for something else. Every message gets a new MODSEQ: its flags may
 * have been changed, and the client been told, after the backup.
 * @param args.instant when the backup was taken, milliseconds
 * @param args.restores how often it was restored before
 * Source: RFC 9051 §2.3.1.1, RFC 7162 §3.2.5, RFC 8474 §4 and §5
 */
export async function passOverUnknown(
  transactor: AccountTransactor,
  args: { now: number; instant: number; restores: number },
): Promise<void> {
  const times = args.restores + 1;
  const seconds = Math.max(0, Math.ceil((args.now - args.instant) / 1000));
  const uidJump = gaps.uid * times + Math.min(seconds * perSecond.uid, maxUidsByTime);
  const modseqJump = gaps.modseq * times + Math.min(seconds * perSecond.modseq, maxModseqsByTime);
  const contentIdJump = gaps.contentId * times + Math.min(seconds * perSecond.contentId, maxContentIdsByTime);
  // Values of UIDVALIDITY begin with the time an account was made, in seconds, so that the time now is above those given out since.
  await transactor.run(
    `UPDATE account SET modseq = modseq + ?, next_uid_validity = max(next_uid_validity, ?) + ?,
     changes_known_since = modseq + ?, next_content_id = next_content_id + ?`,
    [modseqJump, Math.floor(args.now / 1000), gaps.uidValidity * times, modseqJump, contentIdJump],
  );
  const { modseq } = (await transactor.first<{ modseq: number }>('SELECT modseq FROM account'))!;
  await transactor.run('UPDATE messages SET modseq = ? WHERE expunged = 0', [modseq]);
  await transactor.run('UPDATE mailboxes SET modseq = ?, uid_next = min(uid_next + ?, ?) WHERE expunged = 0', [
    modseq,
    uidJump,
    maxUid,
  ]);
}
