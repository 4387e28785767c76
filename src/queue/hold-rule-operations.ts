import type { Parameter, Transactor } from '../database/engine.ts';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import { recipientDomain } from './recipient-domain.ts';
import { refreshDestinations } from './refresh-destinations.ts';
import type { HoldRuleRow, QueueSchema } from './schema.ts';

type Write = Transactor<QueueSchema>;
type Rule = Pick<HoldRuleRow, 'account' | 'sender_domain' | 'recipient_domain'>;

/** Those of a message's recipient domains for which a rule says that it is held. */
export async function heldDomains(
  write: Write,
  message: { readonly account: string | null; readonly sender: string },
  domains: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const rules = await write.all<Rule>('SELECT account, sender_domain, recipient_domain FROM hold_rule');
  if (rules.length === 0) return new Set();
  const senderDomain = recipientDomain(message.sender);
  return new Set(
    [...domains].filter((domain) =>
      rules.some(
        (rule) =>
          (rule.account === null || rule.account === message.account) &&
          (rule.sender_domain === null || rule.sender_domain === senderDomain) &&
          (rule.recipient_domain === null || rule.recipient_domain === domain),
      ),
    ),
  );
}

export const holdRuleOperations = {
  /** @returns the id of the rule, which may have been there before */
  async addHoldRule(write: Write, args: Rule & { now: number }): Promise<{ id: number }> {
    const { account, sender_domain, recipient_domain, now } = args;
    const same = await write.first<{ id: number }>(
      'SELECT id FROM hold_rule WHERE account IS ? AND sender_domain IS ? AND recipient_domain IS ?',
      [account, sender_domain, recipient_domain],
    );
    if (same !== undefined) return same;
    const row = await write.first<{ count: number }>('SELECT count(*) AS count FROM hold_rule');
    if ((row?.count ?? 0) >= limits.queueHoldRules) {
      const problem = `Cannot add a hold rule: there are ${limits.queueHoldRules}`;
      throw new RestanteError('too-many-hold-rules', problem, { hint: 'restante queue holdrules remove' });
    }
    const { lastInsertId } = await write.run(
      'INSERT INTO hold_rule (account, sender_domain, recipient_domain, added_at) VALUES (?, ?, ?, ?)',
      [account, sender_domain, recipient_domain, now],
    );
    return { id: lastInsertId };
  },

  async removeHoldRules(write: Write, args: { ids: readonly number[] }): Promise<{ count: number }> {
    const ids = JSON.stringify(args.ids);
    const { changes } = await write.run('DELETE FROM hold_rule WHERE id IN (SELECT value FROM json_each(?))', [ids]);
    return { count: changes };
  },

  /** Holds those of the next `limit` recipients after the id `after` that a rule is for. */
  async holdMatching(
    write: Write,
    args: { rule: Rule; after: number; limit: number },
  ): Promise<{ count: number; after: number | undefined }> {
    const { rule, after, limit } = args;
    const terms = ['r.id > ?', 'r.held = 0'];
    const parameters: Parameter[] = [after];
    if (rule.account !== null) {
      terms.push('m.account = ?');
      parameters.push(rule.account);
    }
    if (rule.recipient_domain !== null) {
      terms.push('r.domain = ?');
      parameters.push(rule.recipient_domain);
    }
    const rows = await write.all<{ id: number; domain: string; sender: string }>(
      `SELECT r.id, r.domain, m.sender FROM recipient r JOIN message m ON m.id = r.message_id
       WHERE ${terms.join(' AND ')} ORDER BY r.id LIMIT ?`,
      [...parameters, limit],
    );
    const matching = rows.filter(
      ({ sender }) => rule.sender_domain === null || recipientDomain(sender) === rule.sender_domain,
    );
    await write.runEach(
      'UPDATE recipient SET held = 1 WHERE id = ?',
      matching.map(({ id }) => [id]),
    );
    await refreshDestinations(write, new Set(matching.map(({ domain }) => domain)));
    return { count: matching.length, after: rows.length < limit ? undefined : rows.at(-1)?.id };
  },
};
