import { decodeCharset, decodeUtf8 } from './charset.ts';
import { decodeHeaderText } from './header-text.ts';
import { rawParameter } from './parameters.ts';
import type { Parameters } from './structure.ts';

/**
 * The decoded value of a parameter: RFC 2231 extended and continued forms first, then the plain one, in which encoded words are
 * decoded too, since many programs write file names so.
 * @param name lower case
 * Source: RFC 2231 §3, §4
 */
export function parameterValue(params: Parameters, name: string): string | undefined {
  const extended = rawParameter(params, `${name}*`);
  if (extended !== undefined) {
    const { charset, bytes } = decodeExtended(extended);
    return decodeCharset(bytes, charset);
  }
  return continuedValue(params, name) ?? plainValue(params, name);
}

function plainValue(params: Parameters, name: string): string | undefined {
  const raw = rawParameter(params, name);
  return raw === undefined ? undefined : decodeHeaderText(raw);
}

function continuedValue(params: Parameters, name: string): string | undefined {
  const pieces: Buffer[] = [];
  let charset: string | undefined;
  for (let section = 0; section < params.length; section++) {
    const encoded = rawParameter(params, `${name}*${section}*`);
    if (encoded !== undefined) {
      if (section === 0) {
        const first = decodeExtended(encoded);
        charset = first.charset;
        pieces.push(first.bytes);
      } else pieces.push(percentDecode(encoded));
      continue;
    }
    const plain = rawParameter(params, `${name}*${section}`);
    if (plain === undefined) break;
    pieces.push(Buffer.from(plain, 'latin1'));
  }
  if (pieces.length === 0) return undefined;
  const bytes = Buffer.concat(pieces);
  return charset === undefined ? decodeUtf8(bytes) : decodeCharset(bytes, charset);
}

/** `charset'language'percent-encoded`; without the quotes all of it is the value. */
function decodeExtended(value: string): { charset: string; bytes: Buffer } {
  const first = value.indexOf("'");
  const second = first < 0 ? -1 : value.indexOf("'", first + 1);
  if (second < 0) return { charset: 'utf-8', bytes: percentDecode(value) };
  return { charset: value.slice(0, first), bytes: percentDecode(value.slice(second + 1)) };
}

function percentDecode(text: string): Buffer {
  return Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}
