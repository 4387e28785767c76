import { splitHeader } from '../../message/header-fields.ts';
import type { ByteText } from '../../message/structure.ts';

/** The header of a message as the index has it: with the empty line that ends it, and without the fields that are left out. */
export interface IndexedHeader {
  readonly text: ByteText;
  /** Nothing is left out. */
  readonly whole: boolean;
}

/** What programs on the way write for each other: half of many headers, and no mail program asks for it by name. */
const leftOut = /^(?:arc-|x-ms-|x-microsoft-|x-forefront-|x-exchange-|x-google-|x-gm-|x-received$)/;

/** @param name in lower case */
export function isLeftOut(name: string): boolean {
  return leftOut.test(name);
}

/** @param header with the empty line that ends it */
export function shortenHeader(header: ByteText): IndexedHeader {
  let text = '';
  let kept = 0;
  let whole = true;
  for (const { name, start, end } of splitHeader(header)) {
    if (!isLeftOut(name)) continue;
    whole = false;
    text += header.slice(kept, start);
    kept = end;
  }
  return { text: text + header.slice(kept), whole };
}
