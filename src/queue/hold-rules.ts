import type { Database } from '../database/engine.ts';
import { RestanteError } from '../runtime/errors.ts';
import { limits } from '../runtime/limits.ts';
import type { QueueOperations } from './operations.ts';
import { recipientDomain } from './recipient-domain.ts';
import type { HoldRuleRow, QueueSchema } from './schema.ts';

/** Which messages are held as they come: those that fit every member given; with none, all. */
export interface HoldRule {
  readonly account?: string | undefined;
  readonly senderDomain?: string | undefined;
  readonly recipientDomain?: string | undefined;
}

export type KeptHoldRule = HoldRule & { readonly id: number; readonly addedAt: number };

/** Rules by which messages are held, in the transaction that adds them to the queue. DSNs of this server are held like others. */
export class HoldRules {
  readonly #database: Database<QueueSchema, QueueOperations>;
  readonly #now: () => number;

  constructor(database: Database<QueueSchema, QueueOperations>, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async list(): Promise<KeptHoldRule[]> {
    const rows = await this.#database.read((reader) => reader.all<HoldRuleRow>('SELECT * FROM hold_rule ORDER BY id'));
    return rows.map((row) => ({
      id: row.id,
      account: row.account ?? undefined,
      senderDomain: row.sender_domain ?? undefined,
      recipientDomain: row.recipient_domain ?? undefined,
      addedAt: row.added_at,
    }));
  }

  /**
   * Adds a rule, and holds what waits already and fits it. A rule that is there counts as added: so an interrupted call is repeated.
   * @returns the rule's id, and how many recipients were held
   * @throws RestanteError `invalid-domain`, `too-many-hold-rules`
   */
  async add(rule: HoldRule): Promise<{ id: number; held: number }> {
    const row = {
      account: rule.account ?? null,
      sender_domain: normalDomain(rule.senderDomain),
      recipient_domain: normalDomain(rule.recipientDomain),
    };
    const { id } = await this.#database.write('addHoldRule', { ...row, now: this.#now() });
    let held = 0;
    for (let after: number | undefined = 0; after !== undefined; ) {
      const step: { count: number; after: number | undefined } = await this.#database.write('holdMatching', {
        rule: row,
        after,
        limit: limits.queueChangeStep,
      });
      held += step.count;
      after = step.after;
    }
    return { id, held };
  }

  /** What is held stays so. */
  async remove(ids: readonly number[]): Promise<{ count: number }> {
    return await this.#database.write('removeHoldRules', { ids });
  }
}

function normalDomain(domain: string | undefined): string | null {
  if (domain === undefined) return null;
  const normal = recipientDomain(`x@${domain}`);
  if (normal === undefined)
    throw new RestanteError('invalid-domain', `Cannot use the domain "${domain}": it is invalid`);
  return normal;
}
