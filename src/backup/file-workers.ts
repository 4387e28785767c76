import { availableParallelism } from 'node:os';
import type { Answers } from '../database/ask-at-rest.ts';
import type { ExpectedFile, FileProblem } from '../database/durable-part.ts';
import { type FileThread, takeFileThread } from './file-thread.ts';

/** What is to be done with one file. Targets are made exclusively: one that exists is an error (EEXIST). */
export type FileTask =
  | { readonly action: 'link'; readonly source: string; readonly target: string }
  /** With the permission bits `mode`; not flushed. Shares blocks with its source where the file system can. */
  | { readonly action: 'copy'; readonly source: string; readonly target: string; readonly mode: number }
  | { readonly action: 'hash'; readonly source: string };

/**
 * What came of it. Size and mode are of the source; `sha256` (lower-case hex) is missing for links, whose bytes are not read.
 * `error.code` is the system's, or `NOT_A_FILE` for what is no regular file; of a copy that failed nothing is left.
 */
export type FileOutcome =
  | { readonly sizeBytes: number; readonly mode: number; readonly sha256?: undefined; readonly error?: undefined }
  | { readonly sizeBytes: number; readonly mode: number; readonly sha256: string; readonly error?: undefined }
  | { readonly error: { readonly code: string; readonly message: string } };

export interface FileWorkersOptions {
  /** Ends the work under way at the next piece of a file. */
  readonly signal: AbortSignal;
  /** Most bytes read in a second, by all workers together; undefined: no limit. */
  readonly bytesPerSecond?: number | undefined;
  /** How much the workers stand back for other threads, 0 to 19: beside a server that serves, they should. */
  readonly niceness?: number;
  readonly threads?: number;
}

/** What a worker is told before its first batch; its niceness comes with its start. */
export interface WorkerSetup {
  readonly control: SharedArrayBuffer;
  readonly budget: SharedArrayBuffer;
  readonly bytesPerSecond: number | undefined;
}

/**
 * Files of one directory: what a worker is told. Names are relative to the directories, and joined by NUL: one string is cheaper to send
 * than many.
 */
export interface FileBatch {
  readonly id: number;
  readonly action: FileTask['action'];
  readonly source: string;
  readonly target: string;
  readonly mode: number;
  readonly sources: string;
  /** Undefined: the same names. */
  readonly targets: string | undefined;
}

/** Files of one directory to be compared with what is known of them. */
export interface CompareBatch {
  readonly id: number;
  readonly action: 'compare';
  readonly source: string;
  readonly sources: string;
  readonly sizes: Float64Array;
  /** 64 hex digits for each. */
  readonly sha256s: string;
}

/** A database at rest, to be asked. */
export interface AskBatch {
  readonly id: number;
  readonly action: 'ask';
  readonly source: string;
  readonly questions: readonly string[];
}

/** Its answer, in columns: cheaper to send than an object a file. A batch that was interrupted has fewer. */
export interface FileBatchDone {
  readonly id: number;
  readonly sizes: Float64Array;
  readonly modes: Uint16Array;
  /** 64 hex digits for each file that was read. */
  readonly sha256s: string;
  readonly errors: readonly { readonly at: number; readonly code: string; readonly message: string }[];
}

export interface CompareBatchDone {
  readonly id: number;
  /** `at` counts from the start of the batch. */
  readonly problems: readonly FileProblem[];
}

export interface AskBatchDone {
  readonly id: number;
  readonly answers: Answers;
}

export type AnyBatch = FileBatch | CompareBatch | AskBatch;
export type Done = FileBatchDone | CompareBatchDone | AskBatchDone;

interface Waiting {
  readonly directory: string;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
}

/** Files that one message to a worker names. */
const batchFiles = 256;
/** Files that a worker has at a time, so that it never waits for the next. */
const filesAhead = 1024;
/** Asking takes longer than files do, and how long is not known. */
const filesLikeADatabase = 1024;

/**
 * Threads that link, copy and hash files, and ask databases. Order of the outcomes is that of the tasks. Files of one directory are the work of one
 * thread at a time: the kernel lets only one make entries in a directory, and the other would spin. Dispose of it in any case: it
 * gives the threads back.
 */
export class FileWorkers implements AsyncDisposable {
  readonly #signal: AbortSignal;
  readonly #aborted: Int32Array;
  readonly #workers: OneWorker[];
  readonly #onAbort: () => void;
  #free: (() => void)[] = [];
  #failure: { readonly error: unknown } | undefined;
  #lastId = 0;

  constructor(options: FileWorkersOptions) {
    const control = new SharedArrayBuffer(4);
    const setup: WorkerSetup = {
      control,
      budget: new SharedArrayBuffer(8),
      bytesPerSecond: options.bytesPerSecond,
    };
    this.#signal = options.signal;
    this.#aborted = new Int32Array(control);
    this.#onAbort = () => {
      Atomics.store(this.#aborted, 0, 1);
      Atomics.notify(this.#aborted, 0);
    };
    options.signal.addEventListener('abort', this.#onAbort);
    if (options.signal.aborted) this.#onAbort();
    const count = options.threads ?? Math.min(4, availableParallelism());
    this.#workers = Array.from({ length: count }, () => this.#start(setup, options.niceness ?? 0));
  }

  /**
   * Works on files, in parallel. Waits while the workers have enough to do: so a stream of calls holds few tasks in memory.
   * @throws the signal's reason when it fired
   */
  async run(tasks: readonly FileTask[]): Promise<FileOutcome[]> {
    const done = await this.#runBatches(batchesOf(tasks));
    return done.flatMap((part) => outcomesOf(part as FileBatchDone));
  }

  /**
   * Compares files below a directory, read from their first byte to the last, with what is known of them.
   * @returns those that differ, in order
   * @throws the signal's reason when it fired
   */
  async compare(directory: string, files: readonly ExpectedFile[]): Promise<FileProblem[]> {
    const batches = compareBatchesOf(directory, files);
    const done = await this.#runBatches(batches.map(({ batch }) => batch));
    return done.flatMap((part, number) => {
      const { first } = batches[number]!;
      return (part as CompareBatchDone).problems.map(({ at, ...problem }) => ({ ...problem, at: first + at }));
    });
  }

  /**
   * Asks a database at rest.
   * @throws the signal's reason when it fired
   */
  async ask(path: string, questions: readonly string[]): Promise<Answers> {
    const batch = { action: 'ask', source: path, questions, files: filesLikeADatabase } as const;
    const [done] = await this.#runBatches([batch]);
    return (done as AskBatchDone).answers;
  }

  async #runBatches(batches: Iterable<Batch>): Promise<Done[]> {
    const parts: Promise<Done>[] = [];
    for (const batch of batches) {
      const part = this.#give(batch);
      // Whoever is waiting for an earlier part learns of its failure below.
      part.catch(() => {});
      parts.push(part);
      await this.#room();
    }
    const done = await Promise.all(parts);
    this.#signal.throwIfAborted();
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#onAbort();
    // A thread that is ended in the middle of a copy would leave half of one.
    while (this.#failure === undefined && this.#workers.some(({ waiting }) => waiting.size > 0)) {
      await new Promise<void>((resolve) => this.#free.push(resolve));
    }
    for (const { worker } of this.#workers) worker.giveBack();
  }

  #start(setup: WorkerSetup, niceness: number): OneWorker {
    const waiting: OneWorker['waiting'] = new Map();
    const worker = takeFileThread(niceness, {
      onDone: (done) => {
        waiting.get(done.id)?.resolve(done);
        waiting.delete(done.id);
        this.#wake();
      },
      onError: (error) => {
        this.#failure = { error };
        for (const { reject } of waiting.values()) reject(error);
        waiting.clear();
        this.#wake();
      },
    });
    worker.send(setup);
    return { worker, waiting, files: 0 };
  }

  async #give({ files: count, ...batch }: Batch): Promise<Done> {
    this.#signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
    const directory = 'target' in batch && batch.target !== '' ? batch.target : batch.source;
    const chosen =
      this.#workers.find(({ waiting }) => waiting.values().some((each) => each.directory === directory)) ??
      this.#workers.reduce((least, each) => (each.files < least.files ? each : least));
    const id = ++this.#lastId;
    chosen.files += count;
    try {
      return await new Promise((resolve, reject) => {
        chosen.waiting.set(id, { directory, resolve, reject });
        chosen.worker.send({ ...batch, id });
      });
    } finally {
      chosen.files -= count;
    }
  }

  async #room(): Promise<void> {
    while (this.#failure === undefined && this.#workers.every(({ files }) => files >= filesAhead)) {
      await new Promise<void>((resolve) => this.#free.push(resolve));
    }
  }

  #wake(): void {
    const waiting = this.#free;
    this.#free = [];
    for (const resolve of waiting) resolve();
  }
}

interface OneWorker {
  readonly worker: FileThread;
  readonly waiting: Map<number, Waiting>;
  /** That it has been given and has not answered for. */
  files: number;
}

/** Of an absolute path; several times as quick as Node's, which takes any. */
function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

type Batch = (Omit<FileBatch, 'id'> | Omit<CompareBatch, 'id'> | Omit<AskBatch, 'id'>) & { readonly files: number };

/** Tasks that follow each other and are of one directory go together. */
function* batchesOf(tasks: readonly FileTask[]): Generator<Batch> {
  let batch: Omit<FileBatch, 'id' | 'sources' | 'targets'> | undefined;
  let sources: string[] = [];
  let targets: string[] = [];
  const finished = (): Batch => {
    const names = sources.join('\0');
    const targetNames = targets.join('\0');
    return {
      ...batch!,
      files: sources.length,
      sources: names,
      targets: targetNames === names ? undefined : targetNames,
    };
  };
  for (const task of tasks) {
    const source = directoryOf(task.source);
    const target = task.action === 'hash' ? '' : directoryOf(task.target);
    const mode = task.action === 'copy' ? task.mode : 0;
    if (
      batch === undefined ||
      sources.length === batchFiles ||
      batch.source !== source ||
      batch.target !== target ||
      batch.action !== task.action ||
      batch.mode !== mode
    ) {
      if (batch !== undefined) yield finished();
      batch = { action: task.action, source, target, mode };
      sources = [];
      targets = [];
    }
    sources.push(task.source.slice(source.length));
    if (task.action !== 'hash') targets.push(task.target.slice(target.length));
  }
  if (batch !== undefined) yield finished();
}

interface PlacedBatch {
  /** Index of its first file. */
  readonly first: number;
  readonly batch: Batch & CompareBatchContent;
}
type CompareBatchContent = Omit<CompareBatch, 'id'>;

/** For one that is damaged: no file has it. */
const noSha256 = '-'.repeat(64);

function compareBatchesOf(root: string, files: readonly ExpectedFile[]): PlacedBatch[] {
  const batches: PlacedBatch[] = [];
  for (let first = 0; first < files.length; ) {
    const directory = directoryOf(files[first]!.path);
    let end = first + 1;
    while (end < files.length && end - first < batchFiles && directoryOf(files[end]!.path) === directory) end++;
    const these = files.slice(first, end);
    const batch = {
      action: 'compare' as const,
      files: these.length,
      source: directory === '' ? root : `${root}/${directory}`,
      sources: these.map(({ path }) => (directory === '' ? `/${path}` : path.slice(directory.length))).join('\0'),
      sizes: Float64Array.from(these, ({ sizeBytes }) => sizeBytes),
      sha256s: these.map(({ sha256 }) => (sha256.length === 64 ? sha256 : noSha256)).join(''),
    };
    batches.push({ first, batch });
    first = end;
  }
  return batches;
}

function outcomesOf({ sizes, modes, sha256s, errors }: FileBatchDone): FileOutcome[] {
  const outcomes: FileOutcome[] = [];
  let nextError = 0;
  let read = 0;
  for (const [at, sizeBytes] of sizes.entries()) {
    const error = errors[nextError];
    if (error?.at === at) {
      outcomes.push({ error });
      nextError++;
      continue;
    }
    const mode = modes[at]!;
    if (sha256s === '') outcomes.push({ sizeBytes, mode });
    else outcomes.push({ sizeBytes, mode, sha256: sha256s.slice(read * 64, ++read * 64) });
  }
  return outcomes;
}
