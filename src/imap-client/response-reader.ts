import { ImapResponseError, type RawResponse, streamedLiteral } from '../imap/response-parser.ts';
import type { ByteText } from '../message/structure.ts';
import { limits } from '../runtime/limits.ts';
import type { WireReader } from '../runtime/wire-reader.ts';

/** A message on its way: its bytes as they come. What is not taken is dropped. */
export interface IncomingBody extends AsyncIterable<Buffer> {
  readonly sizeBytes: number;
}

/** Takes one message. The next bytes are read from the connection when it asks for them. */
export type BodySink = (body: IncomingBody) => Promise<void>;

const literalForm = /~?\{(\d{1,19})\+?\}$/;
const bodyForm = /^\* \d{1,10} FETCH \(/i;
const bodyItemForm = /(?:^|[ (])BODY\[\](?:<0>)? $/i;
const chunkBytes = 64 * 1024;

/** Reads responses with all their literals. Messages are passed on as they come; all else is in memory, and has a limit. */
export class ResponseReader {
  readonly #reader: WireReader;
  readonly #timeoutMs: number;

  constructor(reader: WireReader, timeoutMs: number) {
    this.#reader = reader;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * @param sink takes the literal of the first BODY[] of a FETCH response; without it, messages count as what is in memory
   * @throws ImapResponseError, and what WireReader throws
   */
  async read(sink?: BodySink): Promise<RawResponse> {
    const texts: ByteText[] = [];
    const literals: RawResponse['literals'][number][] = [];
    let room = limits.imapResponseBytes;
    let taken = sink === undefined;
    for (;;) {
      const line = await this.#reader.readLine(room, this.#timeoutMs);
      room -= line.length;
      // Some servers end lines with LF.
      const text = line.toString('latin1').replace(/\r?\n$/, '');
      const announced = literalForm.exec(text);
      if (announced === null) {
        texts.push(text);
        return { texts, literals };
      }
      const before = text.slice(0, announced.index);
      texts.push(before);
      const sizeBytes = Number(announced[1]);
      if (!taken && bodyForm.test(texts[0]!) && bodyItemForm.test(before)) {
        taken = true;
        await this.#passOn(sizeBytes, sink!);
        literals.push(streamedLiteral);
      } else if (sizeBytes > room) {
        throw new ImapResponseError(`a literal of ${sizeBytes} bytes where none is expected`);
      } else {
        room -= sizeBytes;
        literals.push((await this.#reader.readBytes(sizeBytes, this.#timeoutMs)).toString('latin1'));
      }
      // Each literal costs more memory than its bytes.
      room -= 100;
    }
  }

  async #passOn(sizeBytes: number, sink: BodySink): Promise<void> {
    if (sizeBytes > limits.imapLiteralBytes) {
      throw new ImapResponseError(`a message of ${sizeBytes} bytes`);
    }
    let left = sizeBytes;
    const next = async (): Promise<Buffer> => {
      const chunk = await this.#reader.readChunk(Math.min(left, chunkBytes), this.#timeoutMs);
      left -= chunk.length;
      return chunk;
    };
    await sink({
      sizeBytes,
      async *[Symbol.asyncIterator]() {
        while (left > 0) yield await next();
      },
    });
    while (left > 0) await next();
  }
}
