import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { DatabaseError } from '../database-error.ts';
import { type Answers, type Commit, decodeError, type Request } from './worker-protocol.ts';

type Body<R> = R extends Request ? Omit<R, 'id'> : never;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The engine's end of a write worker. When the thread dies, all that waits for it fails, and the next request starts another. */
export class WriteWorkerClient {
  readonly #onCommit: (commit: Commit) => void;
  readonly #onDeath: (error: Error) => void;
  readonly #pending = new Map<number, Pending>();
  #outgoing: Request[] = [];
  #nextId = 1;
  #thread: { worker: Worker; port: MessagePort } | undefined;
  #stopping = false;
  /** Databases assigned to it now. */
  load = 0;
  /** Counts the threads: what was opened in an earlier one is open no more. */
  generation = 0;

  constructor(options: {
    onCommit: (commit: Commit) => void;
    onDeath: (error: Error) => void;
  }) {
    this.#onCommit = options.onCommit;
    this.#onDeath = options.onDeath;
  }

  request(body: Body<Request>): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send({ ...body, id } as Request);
    });
  }

  /** Resolves when no transaction runs; none begins until `resume`. A worker not started yet has nothing to pause. */
  async pause(): Promise<void> {
    if (this.#thread !== undefined) await this.request({ kind: 'pause' });
  }

  resume(): void {
    if (this.#thread !== undefined) this.#send({ kind: 'resume' });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#thread?.worker.terminate();
    this.#thread?.port.close();
  }

  /** What is asked in one turn of the event loop goes in one message. */
  #send(request: Request): void {
    if (this.#outgoing.length === 0) process.nextTick(() => this.#flush());
    this.#outgoing.push(request);
  }

  #flush(): void {
    const requests = this.#outgoing;
    this.#outgoing = [];
    const port = this.#port();
    try {
      port.postMessage(requests);
    } catch {
      // Arguments that can't be cloned fail alone.
      for (const request of requests) {
        try {
          port.postMessage([request]);
        } catch (error) {
          if ('id' in request) {
            const name = request.kind === 'write' ? request.name : request.kind;
            this.#take(request.id)?.reject(
              new DatabaseError(
                'database-operation-failed',
                `Cannot send arguments of "${name}": ${(error as Error).message}`,
                {
                  context: { operation: name, temporary: false },
                  cause: error,
                },
              ),
            );
          }
        }
      }
    }
  }

  #port(): MessagePort {
    if (this.#thread !== undefined) return this.#thread.port;
    const { port1, port2 } = new MessageChannel();
    // No execArgv of the parent's: a test runner's loaders have no place in the worker.
    const worker = new Worker(new URL('./write-worker.ts', import.meta.url), {
      name: 'database writes',
      execArgv: [],
      workerData: { port: port2 },
      transferList: [port2],
    });
    const thread = { worker, port: port1 };
    this.#thread = thread;
    port1.on('message', (message: Answers) => this.#accept(message));
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.on('exit', (exitCode) => {
      // Answers that it sent before it ended count.
      for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1)) {
        this.#accept(last.message as Answers);
      }
      port1.close();
      if (this.#thread === thread) this.#thread = undefined;
      this.generation++;
      const error = new DatabaseError(
        'database-worker-died',
        `Cannot finish writing: the write worker ended (${String(cause ?? exitCode)})`,
        {
          cause,
          context: { temporary: true, exitCode },
          hint: 'The server goes on with a new worker; the log says why this one ended.',
        },
      );
      if (!this.#stopping) this.#onDeath(error);
      const pending = [...this.#pending.values()];
      this.#pending.clear();
      for (const { reject } of pending) reject(error);
    });
    return port1;
  }

  #accept({ answers, commit }: Answers): void {
    if (commit !== undefined) this.#onCommit(commit);
    for (const { id, value, error } of answers) {
      const pending = this.#take(id);
      if (error === undefined) pending?.resolve(value);
      else pending?.reject(decodeError(error));
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
