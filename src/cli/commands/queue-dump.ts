import type { Command } from 'commander';
import { serverOrOfflineRequest } from '../server-request.ts';
import { parseId } from './queue-filter.ts';

export function defineQueueDump(command: Command): void {
  command.argument('<id>', 'id, as "restante queue list" shows it', parseId).action(async (id: number) => {
    await serverOrOfflineRequest(command, 'queueDump', { id });
  });
}
