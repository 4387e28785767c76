import type { AccountTransactor } from './account-change.ts';

/** No account gets this many of any of them between a backup and its restore. */
const uidGap = 1_000_000;
const modseqGap = 1_000_000_000;
const uidValidityGap = 10_000;

/**
 * Makes an account that was restored from a backup safe to go on from. Clients may have seen UIDs, MODSEQs and UIDVALIDITYs given out
 * after the backup: these are passed over, so that none stands for something else. Every message gets a new MODSEQ: its flags may
 * have been changed, and the client been told, after the backup.
 * Source: RFC 9051 §2.3.1.1, RFC 7162 §3.2.5
 */
export async function passOverUnknown(transactor: AccountTransactor, args: { now: number }): Promise<void> {
  // Values begin with the time an account was made, in seconds, so that the time now is above those given out since.
  await transactor.run(
    `UPDATE account SET modseq = modseq + ?, next_uid_validity = max(next_uid_validity + ?, ?),
     changes_known_since = modseq + ?`,
    [modseqGap, uidValidityGap, Math.floor(args.now / 1000), modseqGap],
  );
  const { modseq } = (await transactor.first<{ modseq: number }>('SELECT modseq FROM account'))!;
  await transactor.run('UPDATE messages SET modseq = ? WHERE expunged = 0', [modseq]);
  await transactor.run('UPDATE mailboxes SET modseq = ?, uid_next = min(uid_next + ?, 4294967295) WHERE expunged = 0', [
    modseq,
    uidGap,
  ]);
}
