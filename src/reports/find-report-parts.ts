import { parameterValue } from '../message/parameter-value.ts';
import type { MessagePart, MessageStructure } from '../message/structure.ts';
import { decodeTransfer } from '../message/transfer-decoder.ts';
import { limits } from '../runtime/limits.ts';

/** What tells a part that may be a report from others. */
export interface ReportPartKind {
  /** `type/subtype`, lower case. */
  readonly types: readonly string[];
  /** Endings of file names, lower case: for parts of types that say nothing, such as application/octet-stream. */
  readonly extensions: readonly string[];
}

/**
 * The parts of a message that may hold a report, decoded, not yet decompressed; at most `limits.reportParts`. Messages within the
 * message are not looked into: a report that somebody forwards says nothing about who sent it.
 * @param message all its bytes, to which the offsets of `structure` refer
 */
export function* findReportParts(
  message: Uint8Array,
  structure: MessageStructure,
  kind: ReportPartKind,
): Generator<Buffer> {
  let found = 0;
  for (const part of leafParts(structure.root)) {
    if (!isCandidate(part, kind)) continue;
    let bytes: Buffer;
    try {
      bytes = decodeTransfer(message.subarray(part.bodyStart, part.bodyEnd), part.encoding);
    } catch {
      // Nobody knows the encoding, so it holds nothing that could be read.
      continue;
    }
    yield bytes;
    if (++found === limits.reportParts) return;
  }
}

function isCandidate(part: MessagePart, { types, extensions }: ReportPartKind): boolean {
  if (types.includes(`${part.type}/${part.subtype}`)) return true;
  const name = parameterValue(part.disposition?.params ?? [], 'filename') ?? parameterValue(part.params, 'name');
  return name !== undefined && extensions.some((extension) => name.trim().toLowerCase().endsWith(extension));
}

function* leafParts(part: MessagePart): Generator<MessagePart> {
  if (part.children !== undefined) for (const child of part.children) yield* leafParts(child);
  else if (part.message === undefined) yield part;
}
