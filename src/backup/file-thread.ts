import { Worker } from 'node:worker_threads';
import type { AnyBatch, Done, WorkerSetup } from './file-workers.ts';

interface ThreadListener {
  readonly onDone: (done: Done) => void;
  readonly onError: (error: unknown) => void;
}

/** A thread that works on files, for one user at a time. */
export interface FileThread {
  send(message: WorkerSetup | AnyBatch): void;
  /** It may be given to somebody else: all batches are answered. */
  giveBack(): void;
}

interface IdleThread {
  readonly worker: Worker;
  readonly niceness: number;
  readonly expiry: NodeJS.Timeout;
  readonly onError: () => void;
}

/** A thread takes a while to start, so that it waits for a while for other work before it ends. */
const idleMs = 2000;
const idle = new Set<IdleThread>();

/** @param niceness a thread can't take back what it has given up: it is for its whole life */
export function takeFileThread(niceness: number, listener: ThreadListener): FileThread {
  const waiting = idle.values().find((each) => each.niceness === niceness);
  if (waiting !== undefined) {
    idle.delete(waiting);
    clearTimeout(waiting.expiry);
    waiting.worker.off('error', waiting.onError);
  }
  const worker =
    waiting?.worker ?? new Worker(new URL('./file-worker.ts', import.meta.url), { workerData: { niceness } });
  worker.ref();
  let hasFailed = false;
  const fail = (error: unknown): void => {
    hasFailed = true;
    listener.onError(error);
  };
  worker.on('message', listener.onDone);
  worker.on('error', fail);
  return {
    send: (message) => worker.postMessage(message),
    giveBack() {
      worker.off('message', listener.onDone);
      worker.off('error', fail);
      if (hasFailed) return;
      // Neither keeps the process from ending.
      worker.unref();
      const expiry = setTimeout(() => {
        idle.delete(given);
        void worker.terminate();
      }, idleMs);
      expiry.unref();
      const onError = (): void => void idle.delete(given);
      const given: IdleThread = { worker, niceness, expiry, onError };
      worker.on('error', onError);
      idle.add(given);
    },
  };
}
