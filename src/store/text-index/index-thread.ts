import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { RestanteError } from '../../runtime/errors.ts';
import type { IndexAnswer, IndexRequest, IndexRequestName, IndexRequests } from './index-protocol.ts';

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** Why an index did not answer; what was asked can be found out from the messages themselves. */
export class TextIndexError extends RestanteError {
  constructor(directory: string, detail: string) {
    super('text-index', `Cannot use index of texts in "${directory}": ${detail}`, { context: { directory } });
  }
}

/** The thread that has the indexes of texts of all accounts. It starts with the first request, and again after its death. */
export class TextIndexThread implements AsyncDisposable {
  readonly #pending = new Map<number, Pending & { readonly directory: string }>();
  #thread: { readonly worker: Worker; readonly port: MessagePort } | undefined;
  #lastId = 0;
  #stopped = false;

  /** @param directory the account's. @throws TextIndexError */
  async request<Name extends IndexRequestName>(
    directory: string,
    name: Name,
    args: IndexRequests[Name]['args'],
  ): Promise<IndexRequests[Name]['result']> {
    if (this.#stopped) throw new TextIndexError(directory, 'the server stops');
    const id = ++this.#lastId;
    this.#thread ??= this.#start();
    const { port } = this.#thread;
    return await new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, directory });
      port.postMessage({ id, directory, name, args } satisfies IndexRequest);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.worker.terminate();
    this.#fail('the server stops');
  }

  #start(): { readonly worker: Worker; readonly port: MessagePort } {
    const { port1: port, port2 } = new MessageChannel();
    const worker = new Worker(new URL('./index-worker.ts', import.meta.url), {
      workerData: { port: port2 },
      transferList: [port2],
    });
    worker.unref();
    port.on('message', ({ id, result, error }: IndexAnswer) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(result as never);
      else pending?.reject(new TextIndexError(pending.directory, error));
    });
    port.unref();
    const thread = { worker, port };
    const ended = (detail: string): void => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      port.close();
      this.#fail(detail);
    };
    worker.on('error', (error) => ended((error as Error).message));
    worker.on('exit', () => ended('its thread ended'));
    return thread;
  }

  #fail(detail: string): void {
    for (const [id, { reject, directory }] of this.#pending) {
      this.#pending.delete(id);
      reject(new TextIndexError(directory, detail));
    }
  }
}
