import type { Parameter } from '../database/engine.ts';
import { RestanteError } from '../runtime/errors.ts';
import type { QueueFilter } from './queue.ts';

/** A filter that names nothing would be for the whole queue: that has to be said. */
export class EmptyQueueFilterError extends RestanteError {
  constructor() {
    super('empty-queue-filter', 'Cannot choose messages in the queue: no filter is given', {
      hint: 'name ids, an account, a sender, a recipient or a domain, or ask for all',
    });
  }
}

/**
 * SQL for a filter over `recipient r JOIN message m`.
 * @throws EmptyQueueFilterError
 */
export function filterCondition(filter: QueueFilter): { sql: string; parameters: Parameter[] } {
  const terms: string[] = [];
  const parameters: Parameter[] = [];
  const add = (term: string, parameter: Parameter): void => {
    terms.push(term);
    parameters.push(parameter);
  };
  // One parameter whatever the number of ids: the statement's text stays the same, and so does its cached form.
  if (filter.ids !== undefined) add('r.id IN (SELECT value FROM json_each(?))', JSON.stringify(filter.ids));
  if (filter.account !== undefined) add('m.account = ?', filter.account);
  if (filter.sender !== undefined) add('m.sender = ? COLLATE NOCASE', filter.sender);
  if (filter.recipient !== undefined) add('r.address = ? COLLATE NOCASE', filter.recipient);
  if (filter.domain !== undefined) add('r.domain = ?', filter.domain);
  if (filter.held !== undefined) add('r.held = ?', filter.held ? 1 : 0);
  if (terms.length === 0) {
    if (filter.all !== true) throw new EmptyQueueFilterError();
    terms.push('1');
  }
  return { sql: terms.join(' AND '), parameters };
}
