import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { limits } from '../runtime/limits.ts';
import type { Log } from '../runtime/log.ts';

/** Which files are to be put into a frame: what FETCH answers of some messages of an account, with gaps for their files. */
export interface FilesToRead {
  readonly usedBytes: number;
  /** The account's. */
  readonly directory: string;
  /** Three of each: content id, where it starts, and how long it is. One byte more belongs to the frame. */
  readonly files: readonly number[];
}

/** @internal */
export interface FrameToRead extends FilesToRead {
  readonly memory: ArrayBuffer;
}

/** @internal */
export interface FrameRead {
  readonly memory: ArrayBuffer;
  /** All files are in it. */
  readonly whole: boolean;
}

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** It has answered that it runs. */
  ready: boolean;
}

/** Bytes of a frame. */
export const frameBytes = 256 * 1024;
/** After its death: what ended it may do so again. */
const restartMs = 60_000;

/**
 * The thread that reads message files for FETCH, while this one writes to sockets what was read before. It starts when it is first asked for
 * memory; until it runs there is none, and after its death for a minute: then who asks reads files himself.
 */
export class MessageReadThread implements AsyncDisposable {
  readonly #log: Log;
  /** In the order in which it will answer. */
  #asked: ((read: Buffer | undefined) => void)[] = [];
  readonly #spare: ArrayBuffer[] = [];
  #lent = 0;
  #thread: Thread | undefined;
  #startsAfter = 0;
  #stopped = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @returns memory for a frame, to be given back; undefined when all is lent that there may be */
  lend(): Buffer | undefined {
    if (!this.#isReady() || this.#lent === limits.imapReadAheadFrames) return undefined;
    this.#lent++;
    return Buffer.from(this.#spare.pop() ?? new ArrayBuffer(frameBytes));
  }

  /** @param frame undefined when the memory is lost */
  giveBack(frame: Buffer | undefined): void {
    this.#lent--;
    if (frame !== undefined && !this.#stopped) this.#spare.push(frame.buffer as ArrayBuffer);
  }

  /**
   * Puts files into a frame.
   * @param frame was lent, and is another's from here on
   * @returns the same bytes; undefined when any of the files could not be read, or the thread has died. Then the memory is given back
   */
  async read(frame: Buffer, files: FilesToRead): Promise<Buffer | undefined> {
    if (!this.#isReady()) {
      this.giveBack(frame);
      return undefined;
    }
    const memory = frame.buffer as ArrayBuffer;
    this.#thread!.port.postMessage({ memory, ...files } satisfies FrameToRead, [memory]);
    return await new Promise((resolve) => this.#asked.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    const thread = this.#thread;
    this.#end();
    this.#spare.length = 0;
    await thread?.worker.terminate();
  }

  #isReady(): boolean {
    if (this.#thread === undefined && !this.#stopped && performance.now() >= this.#startsAfter) this.#start();
    return this.#thread?.ready === true;
  }

  #start(): void {
    const { port1: port, port2 } = new MessageChannel();
    const worker = new Worker(new URL('./message-read-worker.ts', import.meta.url), {
      name: 'message reads',
      execArgv: [],
      workerData: { port: port2 },
      transferList: [port2],
    });
    worker.unref();
    const thread: Thread = { worker, port, ready: false };
    this.#thread = thread;
    port.on('message', (answer: 'ready' | FrameRead) => {
      if (answer === 'ready') thread.ready = true;
      else this.#answer(answer);
    });
    port.unref();
    const died = (error: unknown): void => {
      if (this.#thread !== thread) return;
      this.#log.error({ err: error }, 'thread that reads messages has ended: they are read without');
      this.#startsAfter = performance.now() + restartMs;
      this.#end();
    };
    worker.on('error', died);
    worker.on('exit', (code) => died(new Error(`Cannot read messages: the thread ended with ${code}`)));
  }

  #answer({ memory, whole }: FrameRead): void {
    const asked = this.#asked.shift();
    const bytes = Buffer.from(memory);
    if (!whole) this.giveBack(bytes);
    asked?.(whole ? bytes : undefined);
  }

  #end(): void {
    this.#thread?.port.close();
    this.#thread = undefined;
    for (const asked of this.#asked.splice(0)) {
      this.giveBack(undefined);
      asked(undefined);
    }
  }
}
