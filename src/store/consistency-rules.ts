/** What must hold among the rows of an account: each query names what doesn't, in words, and where it is. */
export const consistencyRules: readonly {
  readonly code: string;
  /** The command that mends it; undefined: only a backup does. */
  readonly repair: string | undefined;
  readonly sql: string;
}[] = [
  {
    code: 'uidvalidity-not-below-next',
    repair: 'fixuidmeta',
    sql: `SELECT 'UIDVALIDITY ' || uid_validity || ' of mailbox "' || name || '" is not below the next' AS what, name AS mailbox
      FROM mailboxes, account WHERE uid_validity >= next_uid_validity`,
  },
  {
    code: 'uidvalidity-twice',
    repair: 'fixuidmeta',
    sql: `SELECT 'UIDVALIDITY ' || uid_validity || ' is given to ' || count(*) || ' mailboxes' AS what
      FROM mailboxes GROUP BY uid_validity HAVING count(*) > 1`,
  },
  {
    code: 'uidvalidity-below-earlier',
    repair: 'fixuidmeta',
    sql: `SELECT 'UIDVALIDITY of mailbox "' || mailboxes.name || '" is below an earlier one of that name' AS what, mailboxes.name AS mailbox
      FROM mailboxes LEFT JOIN mailbox_names ON mailbox_names.name = mailboxes.name
      WHERE expunged = 0 AND mailbox_names.uid_validity IS NOT mailboxes.uid_validity`,
  },
  {
    code: 'mailbox-parent',
    repair: undefined,
    sql: `SELECT 'mailbox "' || child.name || '" has the wrong parent' AS what, child.name AS mailbox
      FROM mailboxes AS child LEFT JOIN mailboxes AS parent ON parent.id = child.parent_id AND parent.expunged = 0
      WHERE child.expunged = 0 AND CASE WHEN instr(child.name, '/') = 0 THEN child.parent_id IS NOT NULL
      ELSE parent.id IS NULL OR substr(child.name, 1, length(parent.name) + 1) <> parent.name || '/'
        OR instr(substr(child.name, length(parent.name) + 2), '/') > 0 END`,
  },
  {
    code: 'inbox-missing',
    repair: undefined,
    sql: `SELECT 'mailbox "Inbox" is missing' AS what
      WHERE NOT EXISTS (SELECT 1 FROM mailboxes WHERE name = 'Inbox' AND expunged = 0)`,
  },
  {
    code: 'modseq-mailbox',
    repair: 'fixuidmeta',
    sql: `SELECT 'MODSEQ ' || mailboxes.modseq || ' of mailbox "' || name || '" is out of range' AS what, name AS mailbox
      FROM mailboxes, account WHERE mailboxes.modseq < create_seq OR mailboxes.modseq > account.modseq`,
  },
  {
    code: 'modseq-message',
    repair: 'fixuidmeta',
    sql: `SELECT 'MODSEQ ' || messages.modseq || ' of message ' || uid || ' in mailbox "' || name || '" is out of range' AS what, name AS mailbox, uid
      FROM messages JOIN mailboxes ON id = mailbox_id
      WHERE messages.modseq < messages.create_seq OR messages.modseq > mailboxes.modseq`,
  },
  {
    code: 'uid-not-below-next',
    repair: 'fixuidmeta',
    sql: `SELECT 'UID ' || uid || ' in mailbox "' || name || '" is not below UIDNEXT' AS what, name AS mailbox, uid
      FROM mailboxes JOIN messages ON mailbox_id = id AND uid >= uid_next`,
  },
  {
    code: 'message-in-expunged-mailbox',
    repair: undefined,
    sql: `SELECT 'message ' || uid || ' is in the deleted mailbox "' || name || '"' AS what, name AS mailbox, uid
      FROM mailboxes JOIN messages ON mailbox_id = id AND messages.expunged = 0 WHERE mailboxes.expunged = 1`,
  },
  {
    code: 'mailbox-counts',
    repair: 'recalculatemailboxcounts',
    sql: `WITH counted (mailbox_id, messages, unseen, deleted, size) AS (
        SELECT mailbox_id, count(*), sum(flags & 1 = 0), sum(flags & 8 <> 0), sum(size)
        FROM messages WHERE expunged = 0 GROUP BY mailbox_id)
      SELECT 'counts of mailbox "' || name || '" are wrong' AS what, name AS mailbox
      FROM mailboxes AS m LEFT JOIN counted AS c ON c.mailbox_id = m.id
      WHERE m.messages <> coalesce(c.messages, 0) OR m.unseen <> coalesce(c.unseen, 0)
        OR m.deleted <> coalesce(c.deleted, 0) OR m.size <> coalesce(c.size, 0)`,
  },
  {
    code: 'account-counts',
    repair: 'recalculatemailboxcounts',
    sql: `SELECT 'it has ' || counted.messages || ' messages of ' || counted.size || ' bytes; recorded are ' || account.messages ||
      ' of ' || used_bytes AS what
      FROM account, (SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(size), 0) AS size FROM mailboxes) AS counted
      WHERE counted.messages <> account.messages OR counted.size <> used_bytes`,
  },
  {
    code: 'message-without-content',
    repair: undefined,
    sql: `SELECT 'message ' || uid || ' in mailbox "' || name || '" has no content' AS what, name AS mailbox, uid
      FROM messages JOIN mailboxes ON mailboxes.id = mailbox_id LEFT JOIN contents ON contents.id = content_id
      WHERE messages.expunged = 0 AND contents.id IS NULL`,
  },
  {
    code: 'message-size',
    repair: 'fixmsgsize',
    sql: `SELECT 'message ' || uid || ' in mailbox "' || name || '" has another size than its content' AS what, name AS mailbox, uid
      FROM messages JOIN mailboxes ON mailboxes.id = mailbox_id JOIN contents ON contents.id = content_id
      WHERE messages.expunged = 0 AND messages.size <> file_size + length(prefix)`,
  },
  {
    code: 'message-keyword',
    repair: 'fixuidmeta',
    sql: `SELECT 'message ' || uid || ' in mailbox "' || name || '" has keyword "' || used.value || '", which the mailbox lacks' AS what, name AS mailbox, uid
      FROM mailboxes JOIN messages ON mailbox_id = mailboxes.id AND messages.expunged = 0 AND messages.keywords IS NOT NULL
      JOIN json_each(messages.keywords) AS used
      WHERE used.value NOT IN (SELECT known.value FROM json_each(mailboxes.keywords) AS known)`,
  },
  {
    code: 'content-erase',
    repair: 'fixuidmeta',
    sql: `SELECT 'content ' || id || CASE WHEN erase.content_id IS NULL THEN ' has no message, and is not to be erased'
      ELSE ' has a message, and is to be erased' END AS what
      FROM contents LEFT JOIN erase ON erase.content_id = id
      WHERE EXISTS (SELECT 1 FROM messages WHERE messages.content_id = id AND expunged = 0) = (erase.content_id IS NOT NULL)`,
  },
  {
    code: 'erase-without-content',
    repair: 'fixuidmeta',
    sql: `SELECT 'content ' || content_id || ', which is to be erased, does not exist' AS what
      FROM erase WHERE content_id NOT IN (SELECT id FROM contents)`,
  },
  {
    code: 'content-id-not-below-next',
    repair: 'fixuidmeta',
    sql: `SELECT 'content ' || contents.id || ' is not below the next id' AS what
      FROM contents, account WHERE contents.id >= next_content_id`,
  },
  {
    code: 'thread-of-message',
    repair: 'reassignthreads',
    sql: `SELECT 'message ' || uid || ' in mailbox "' || name || '" is in another thread than its content' AS what, name AS mailbox, uid
      FROM messages JOIN mailboxes ON mailboxes.id = mailbox_id JOIN contents ON contents.id = content_id
      WHERE messages.expunged = 0 AND messages.thread_id <> contents.thread_id`,
  },
  {
    code: 'thread-parent',
    repair: 'reassignthreads',
    sql: `SELECT 'content ' || child.id || ' has a parent in another thread, or none' AS what
      FROM contents AS child LEFT JOIN contents AS parent ON parent.id = child.parent_id
      WHERE child.parent_id IS NOT NULL AND parent.thread_id IS NOT child.thread_id`,
  },
  {
    code: 'thread-cycle',
    repair: 'reassignthreads',
    sql: `SELECT 'content ' || id || ' is its own ancestor, or below one' AS what FROM contents
      WHERE parent_id IS NOT NULL AND id NOT IN (
        WITH RECURSIVE rooted (id) AS (
          SELECT id FROM contents WHERE parent_id IS NULL
          UNION ALL SELECT contents.id FROM rooted JOIN contents ON contents.parent_id = rooted.id
        ) SELECT id FROM rooted)`,
  },
  {
    code: 'thread-missing-link',
    repair: 'reassignthreads',
    sql: `SELECT 'content ' || id || ' waits for a message, but for none in particular' AS what
      FROM contents WHERE missing_link = 1 AND parent_hash IS NULL`,
  },
  {
    code: 'thread-merged-twice',
    repair: 'reassignthreads',
    sql: `SELECT 'thread ' || id || ' was merged into one that was merged itself' AS what
      FROM thread_merges WHERE into_id IN (SELECT id FROM thread_merges)`,
  },
  {
    code: 'uid-order',
    repair: 'fixuidmeta',
    sql: `SELECT 'message ' || uid || ' in mailbox "' || name || '" came before one with a lower UID: UIDs were used again' AS what,
        name AS mailbox, uid
      FROM (SELECT mailbox_id, uid, create_seq, max(create_seq) OVER (PARTITION BY mailbox_id ORDER BY uid
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM messages) AS ordered
      JOIN mailboxes ON mailboxes.id = mailbox_id WHERE ordered.create_seq < before`,
  },
  {
    code: 'quota-negative',
    repair: 'recalculatemailboxcounts',
    sql: `SELECT 'its quota or use is below zero' AS what FROM account WHERE used_bytes < 0 OR messages < 0 OR quota_bytes < 0`,
  },
];
