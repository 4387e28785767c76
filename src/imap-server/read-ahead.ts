import type { Account } from '../store/account.ts';
import type { RenderedMessageRow } from '../store/messages/message-rows.ts';
import type { WholeItems } from './fetch-response.ts';
import { frameBytes, type MessageReadThread } from './message-read-thread.ts';
import type { ResponseWriter } from './response-writer.ts';

/** A response that was put into a frame. */
interface Framed {
  readonly label: string;
  readonly row: RenderedMessageRow;
}

/** Frames of one FETCH that are read, or stand in line for it, while another is written. */
const maxReading = 3;

/**
 * The responses of one FETCH of whole messages, put into frames that a thread fills with what files hold. They are written in the order in which
 * they came. A frame of which anything can't be read is dropped, and its messages are written one by one.
 */
export class ReadAhead implements Disposable {
  readonly #out: ResponseWriter;
  readonly #account: Account;
  readonly #items: WholeItems;
  readonly #thread: MessageReadThread;
  readonly #reading: { readonly read: Promise<Buffer | undefined>; usedBytes: number; framed: readonly Framed[] }[] =
    [];
  /** What is being put together. */
  #frame: Buffer | undefined;
  #used = 0;
  #framed: Framed[] = [];
  #files: number[] = [];

  constructor(out: ResponseWriter, account: Account, items: WholeItems, thread: MessageReadThread) {
    this.#out = out;
    this.#account = account;
    this.#items = items;
    this.#thread = thread;
  }

  /** @returns false when the message is to be written otherwise, once there {@link isEmpty nothing is left} here */
  add(label: string, row: RenderedMessageRow): boolean {
    const { prefix, fileSizeBytes, contentId } = row;
    const head = this.#items.head(label, row);
    if (head === undefined) return false;
    const tail = this.#items.tail(row);
    const bytes = head.length + prefix.length + fileSizeBytes + tail.length;
    // ENVELOPE may be many times as long as the header that it is of.
    if (bytes > frameBytes) return false;
    if (this.#used + bytes > frameBytes) this.#send();
    this.#frame ??= this.#thread.lend();
    const frame = this.#frame;
    if (frame === undefined) return false;
    frame.write(head, this.#used, 'latin1');
    const literal = this.#used + head.length;
    const start = literal + prefix.length;
    if (prefix.length > 0) frame.set(prefix, literal);
    this.#files.push(contentId, start, fileSizeBytes);
    frame.write(tail, start + fileSizeBytes, 'latin1');
    this.#used += bytes;
    this.#framed.push({ label, row });
    return true;
  }

  /** So many are being read that one is to be {@link writeNext written} before more are added. */
  get isFull(): boolean {
    return this.#reading.length >= maxReading;
  }

  get isEmpty(): boolean {
    return this.#frame === undefined && this.#reading.length === 0;
  }

  /**
   * Waits for the frame that was sent first, and until it is written.
   * @returns what can't be written so, to be written otherwise before all that follows
   * @throws ConnectionClosedError
   */
  async writeNext(): Promise<readonly Framed[]> {
    if (this.#reading.length === 0) this.#send();
    const next = this.#reading[0];
    if (next === undefined) return [];
    const bytes = await next.read;
    this.#reading.shift();
    if (bytes === undefined) return next.framed;
    let free: Buffer | undefined;
    try {
      this.#out.writeBytes(bytes.subarray(0, next.usedBytes));
      await this.#out.drain();
      free = bytes;
    } finally {
      // The socket may have it still when the connection is broken.
      this.#thread.giveBack(free);
    }
    return [];
  }

  /** What was not written is not to be. */
  [Symbol.dispose](): void {
    if (this.#frame !== undefined) this.#thread.giveBack(this.#frame);
    for (const { read } of this.#reading) {
      void read.then((bytes) => {
        if (bytes !== undefined) this.#thread.giveBack(bytes);
      });
    }
  }

  #send(): void {
    if (this.#frame === undefined) return;
    const usedBytes = this.#used;
    const { directory } = this.#account.contents;
    const read = this.#thread.read(this.#frame, { usedBytes, directory, files: this.#files });
    this.#reading.push({ read, usedBytes, framed: this.#framed });
    this.#frame = undefined;
    this.#used = 0;
    this.#framed = [];
    this.#files = [];
  }
}
