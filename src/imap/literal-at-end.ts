import type { ByteText } from '../message/structure.ts';

/** The announcement of a literal at the end of a line. */
export interface LiteralStart {
  readonly sizeBytes: number;
  /** The client waits for `+` before it sends the bytes. */
  readonly synchronizing: boolean;
  /** `~{n}`: may hold NUL. */
  readonly binary: boolean;
  /** Where it begins in the line. */
  readonly start: number;
}

const literalEnd = /(~?)\{(\d{1,15})(\+?)\}\r?\n$/;

/**
 * @param line with its line end
 * Source: RFC 9051 §4.3, RFC 7888, RFC 3516 §4.4
 */
export function literalAtEnd(line: ByteText): LiteralStart | undefined {
  if (line.charCodeAt(line.length - (line.endsWith('\r\n') ? 3 : 2)) !== 0x7d) return undefined;
  const match = literalEnd.exec(line);
  if (match === null) return undefined;
  return {
    sizeBytes: Number(match[2]),
    synchronizing: match[3] === '',
    binary: match[1] !== '',
    start: match.index,
  };
}
