import { RestanteError } from '../runtime/errors.ts';

export class QueueEntryNotFoundError extends RestanteError {
  constructor(id: number) {
    super('queue-entry-not-found', `Cannot find "${id}" in the queue: it is delivered, dropped, or never was`, {
      hint: 'restante queue list',
      context: { id },
    });
  }
}

export class InvalidQueueRecipientError extends RestanteError {
  constructor(address: string) {
    super('invalid-queue-recipient', `Cannot queue mail for "${address}": its domain is invalid`);
  }
}
