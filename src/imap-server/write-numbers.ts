import type { ByteText } from '../message/structure.ts';
import { putNumber } from './flag-responses.ts';
import type { ResponseWriter } from './response-writer.ts';

/** Numbers put into the buffer at a time. */
const atOnce = 1000;
/** A space, and ten digits. */
const bytesEach = 11;

/**
 * Writes an untagged response that is a list of numbers: up to as many as there are messages, so their digits go straight into the buffer
 * that is sent. All in one go: nothing else may come in between.
 * @param end what follows the numbers
 */
export function writeNumbers(out: ResponseWriter, name: ByteText, numbers: Uint32Array, end: ByteText = ''): void {
  out.write(`* ${name}`);
  for (let first = 0; first < numbers.length; first += atOnce) {
    const last = Math.min(first + atOnce, numbers.length);
    const target = out.reserve((last - first) * bytesEach);
    let at = out.position;
    for (let index = first; index < last; index++) {
      target[at++] = 0x20;
      at = putNumber(numbers[index]!, target, at);
    }
    out.advance(at);
  }
  out.write(`${end}\r\n`);
}
