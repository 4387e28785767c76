import type { Database } from '../database/engine.ts';
import type { Log } from '../runtime/log.ts';
import type { MessageFiles } from './message-files.ts';
import type { ReservedId } from './message-ids.ts';
import type { QueueOperations } from './operations.ts';
import type { QueueSchema } from './schema.ts';

/** Lets go of the id of a message whose commit failed; its file goes, unless the row is there after all. */
export async function giveUpMessage(
  reserved: ReservedId,
  { database, files, log }: { database: Database<QueueSchema, QueueOperations>; files: MessageFiles; log: Log },
): Promise<void> {
  try {
    const row = await database.read((reader) => reader.first('SELECT 1 FROM message WHERE id = ?', [reserved.id]));
    if (row === undefined) await files.removeAll([reserved.id]);
    reserved.settle();
  } catch (error) {
    // The id stays reserved: the next start removes the file.
    log.error({ err: error, messageId: reserved.id }, 'Cannot remove the file of a message not queued');
  }
}
