import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { type MessagePort, workerData } from 'node:worker_threads';
import { limits } from '../../runtime/limits.ts';
import { IndexDatabase, isBroken, removeIndex } from './index-database.ts';
import type { IndexAnswer, IndexRequest } from './index-protocol.ts';

/** The thread that has the indexes of texts open: it stands back for all others, and does one thing after the other. */

const niceness = 10;

const { port } = workerData as { port: MessagePort };
/** The longest unused first. */
const open = new Map<string, IndexDatabase>();

try {
  // Linux gives each thread a priority of its own. Elsewhere, or without /proc, it has the process's.
  setPriority(Number(basename(readlinkSync('/proc/thread-self'))), niceness);
} catch {
  // It does its work all the same.
}

port.on('message', (request: IndexRequest) => {
  try {
    port.postMessage({ id: request.id, result: run(request) } satisfies IndexAnswer);
  } catch (error) {
    // Who asked learns of it, and has it opened, and made, again.
    close(request.directory);
    if (isBroken(error)) removeIndex(request.directory);
    port.postMessage({ id: request.id, error: (error as Error).message } satisfies IndexAnswer);
  }
});

function run({ directory, name, args }: IndexRequest): unknown {
  if (name === 'close' || name === 'discard') {
    close(directory);
    if (name === 'discard') removeIndex(directory);
    return undefined;
  }
  const database = open.get(directory) ?? new IndexDatabase(directory, { make: name === 'open' });
  open.delete(directory);
  open.set(directory, database);
  if (open.size > limits.textIndexesOpen) close(open.keys().next().value!);
  return (database[name] as (given: typeof args) => unknown).call(database, args);
}

function close(directory: string): void {
  const database = open.get(directory);
  open.delete(directory);
  database?.close();
}
