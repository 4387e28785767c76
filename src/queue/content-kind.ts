import type { BodyType } from './queue.ts';

/** RFC 5321 §4.5.3.1.6: 1000 octets with the line end. */
const lineBytes = 998;

/** What kind of body a content is in truth: programs declare 8BITMIME for plain ASCII. Source: RFC 6152 §2, RFC 3030 §3 */
export async function contentKind(content: AsyncIterable<Uint8Array>): Promise<BodyType> {
  let kind: BodyType = '7BIT';
  let line = 0;
  let afterReturn = false;
  for await (const chunk of content) {
    for (const byte of chunk) {
      if (byte === 0 || (byte === 10) !== afterReturn) return 'BINARYMIME';
      afterReturn = byte === 13;
      if (byte === 10) line = 0;
      else if (byte !== 13 && ++line > lineBytes) return 'BINARYMIME';
      if (byte > 127) kind = '8BITMIME';
    }
  }
  return afterReturn ? 'BINARYMIME' : kind;
}
