import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { RestanteError } from '../../runtime/errors.ts';
import { DatabaseError } from '../database-error.ts';
import { foldLog } from './fold-log.ts';
import { toDatabaseError } from './to-database-error.ts';
import { type Answer, type Answers, encodeError, type Request } from './worker-protocol.ts';
import { WriteDatabase, type WriteModule } from './write-database.ts';

/**
 * A thread that owns the write connections of some databases. One loop takes all messages that have arrived, runs one transaction of
 * the next database in turn, answers, and begins again; it only returns to the event loop when there is nothing to do, or to wait for
 * a preparation. Operations therefore run to their end in microtasks, one after the other.
 */

const port = (workerData as { port: MessagePort }).port;
const databases = new Map<number, WriteDatabase>();
/** Databases with work, in turn. */
const waiting = new Set<WriteDatabase>();
const pauseRequests: number[] = [];
/** Databases whose log may be worth folding. */
const written = new Set<WriteDatabase>();
const idleMs = 200;
let foldTimer: NodeJS.Timeout | undefined;
let paused = false;
let running = false;

function send(message: Answers): void {
  try {
    port.postMessage(message);
  } catch {
    // One of the results can't be cloned: the others still get through.
    for (const answer of message.answers) {
      try {
        port.postMessage({ answers: [answer] } satisfies Answers);
      } catch (error) {
        sendError(answer.id, toDatabaseError(error, 'Cannot answer from database', ''));
      }
    }
  }
}

function sendError(id: number, error: RestanteError): void {
  port.postMessage({ answers: [{ id, error: encodeError(error) }] } satisfies Answers);
}

async function open(request: Request & { kind: 'open' }): Promise<void> {
  try {
    databases.set(request.database, new WriteDatabase(request.path, (await import(request.module)) as WriteModule));
    send({ answers: [{ id: request.id }] });
  } catch (error) {
    sendError(request.id, toDatabaseError(error, 'Cannot open database', request.path));
  }
}

function accept(request: Request): void {
  switch (request.kind) {
    case 'open':
      void open(request);
      return;
    case 'write':
    case 'close': {
      const database = databases.get(request.database);
      if (database === undefined) {
        // Sent just when an earlier worker, in which it was open, had died.
        const context = { temporary: true };
        sendError(
          request.id,
          new DatabaseError('database-worker-died', 'Cannot write: the worker has been replaced', { context }),
        );
        return;
      }
      database.queue.push(request);
      waiting.add(database);
      return;
    }
    case 'checkpoint':
      checkpoint(request);
      return;
    case 'pause':
      pauseRequests.push(request.id);
      paused = true;
      return;
    case 'resume':
      paused = false;
  }
}

function checkpoint(request: Request & { kind: 'checkpoint' }): void {
  try {
    const open = [...databases.values()].find((database) => database.path === request.path);
    if (open === undefined) foldLog(request.path);
    else open.foldAfterSnapshot();
    send({ answers: [{ id: request.id }] });
  } catch (error) {
    sendError(request.id, toDatabaseError(error, 'Cannot fold the log into database', request.path));
  }
}

function acceptAll(): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    for (const request of next.message as Request[]) accept(request);
  }
}

async function run(): Promise<void> {
  if (running) return;
  running = true;
  for (;;) {
    acceptAll();
    if (paused) {
      send({ answers: pauseRequests.splice(0).map((id): Answer => ({ id })) });
      break;
    }
    const [database] = waiting;
    if (database === undefined) break;
    waiting.delete(database);
    const message = await database.runBatch(acceptAll);
    if (message.answers.length > 0) send(message);
    if (database.closed) {
      for (const [key, value] of databases) if (value === database) databases.delete(key);
    } else {
      if (database.queue.length > 0) waiting.add(database);
      database.foldLongLog();
      written.add(database);
    }
  }
  running = false;
  if (written.size > 0) foldLater();
}

/** Folds the logs of databases that have not been written for a moment, one at a time: a write that comes meanwhile waits for one. */
function foldLater(): void {
  if (foldTimer !== undefined) return;
  foldTimer = setTimeout(() => {
    foldTimer = undefined;
    const idleSince = performance.now() - idleMs;
    for (const database of written) {
      if (database.lastBatchAt > idleSince) continue;
      written.delete(database);
      if (!database.closed && database.foldShortLog()) break;
    }
    if (written.size > 0) foldLater();
  }, idleMs / 4);
}

port.on('message', (requests: Request[]) => {
  for (const request of requests) accept(request);
  void run();
});
