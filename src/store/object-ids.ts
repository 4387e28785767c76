/**
 * Identifiers of mailboxes, contents and threads that clients keep: none ever changes, or stands for something else. The account's
 * beginning is in each of them, so that one of the same name that is made after it has others; `pass-over-unknown.ts` sees to it that an
 * account that comes back from a backup gives out none that it gave out after the backup.
 *
 * A thread's is that of the thread into which the message was put when it came: threads that turn out to be one are merged, but
 * identifiers must not change.
 * Source: RFC 8474 §4, §5
 */
export const objectIdColumns = {
  mailbox: "printf('F%x-%d-%d', (SELECT created_at FROM account), id, create_seq)",
  email: "printf('M%x-%d', (SELECT created_at FROM account), content_id)",
  thread: "printf('T%x-%d', (SELECT created_at FROM account), coalesce(given_thread_id, contents.thread_id))",
} as const;

/** @returns the number that the identifier of a content (`M`) or a thread (`T`) names; undefined when it can't be of this account */
export function numberOfObject(objectId: string, kind: 'M' | 'T', accountCreatedAt: number): number | undefined {
  const prefix = `${kind}${accountCreatedAt.toString(16)}-`;
  const digits = objectId.startsWith(prefix) ? objectId.slice(prefix.length) : '';
  return /^[1-9]\d{0,15}$/.test(digits) ? Number(digits) : undefined;
}
