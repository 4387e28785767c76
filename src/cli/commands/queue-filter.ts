import { type Command, InvalidArgumentError } from 'commander';

/** Options that choose recipients in the queue. */
export interface QueueFilterOptions {
  account?: string;
  sender?: string;
  recipient?: string;
  domain?: string;
  held?: boolean;
  all?: boolean;
}

export function addFilterOptions(command: Command): Command {
  return command
    .argument('[id...]', 'ids, as "restante queue list" shows them', collectId)
    .option('--account <name>', 'submitted by this account')
    .option('--sender <address>', 'from this envelope sender')
    .option('--recipient <address>', 'to this recipient')
    .option('--domain <name>', 'to recipients of this domain')
    .option('--held', 'those that are held')
    .option('--all', 'the whole queue');
}

export function queueFilter(ids: number[] | undefined, options: QueueFilterOptions): object {
  const { account, sender, recipient, domain, held, all } = options;
  return { ids: ids?.length ? ids : undefined, account, sender, recipient, domain, held, all };
}

export function parseId(text: string): number {
  const id = Number(text);
  if (!/^\d{1,15}$/.test(text) || id < 1) throw new InvalidArgumentError('An id is a whole number.');
  return id;
}

export function collectId(text: string, before: number[] | undefined): number[] {
  return [...(before ?? []), parseId(text)];
}
