import type { Command } from 'commander';
import { defineQueueChanges } from './queue-change.ts';
import { defineQueueDump } from './queue-dump.ts';
import { defineQueueHoldRules } from './queue-holdrules.ts';
import { defineQueueList } from './queue-list.ts';
import { defineQueueRetired } from './queue-retired.ts';
import { defineQueueSuppress } from './queue-suppress.ts';
import { defineQueueWebhooks } from './queue-webhooks.ts';

/** The commands for the queue of outgoing mail. */
export function queue(command: Command): void {
  defineQueueList(command.command('list').description('show what waits'));
  defineQueueChanges(command);
  defineQueueDump(command.command('dump').description('print a message that waits'));
  defineQueueHoldRules(command.command('holdrules').description('rules by which messages are held as they come'));
  defineQueueRetired(command.command('retired').description('what became of messages'));
  defineQueueSuppress(command.command('suppress').description('addresses that accounts send nothing to'));
  defineQueueWebhooks(command.command('webhooks').description('requests that tell programs what happens to mail'));
}
