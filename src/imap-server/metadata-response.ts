import type { MetadataQuery } from '../imap/metadata-entries.ts';
import { quote, quoteUnlessAtom } from '../imap/quote.ts';
import type { ByteText } from '../message/structure.ts';

interface Annotation {
  readonly key: string;
  readonly value: Uint8Array;
}

/** What of the annotations a query asks for. */
interface ChosenAnnotations {
  /** The METADATA response; undefined when there is nothing to tell. */
  readonly text: string | undefined;
  /** Bytes of the largest value that was left out. */
  readonly longestBytes: number | undefined;
}

/**
 * The METADATA response to a query. What has no value is NIL, where it is asked for by its name.
 * @param name of the mailbox, quoted
 * Source: RFC 5464 §4.2, §4.4.1
 */
export function metadataResponse(
  name: ByteText,
  annotations: readonly Annotation[],
  query: MetadataQuery,
): ChosenAnnotations {
  const asked = new Set(query.entries);
  const chosen = annotations.filter(({ key }) => asked.has(key) || isBelow(key, asked, query.depth));
  const short = chosen.filter(({ value }) => value.length <= query.maxSizeBytes);
  const long = chosen.filter(({ value }) => value.length > query.maxSizeBytes);
  const values = short.map(({ key, value }) => `${quoteUnlessAtom(key)} ${quoteValue(value)}`);
  // Below an entry only what exists is told; but a response must not be empty.
  if (query.depth === 0 || chosen.length === 0) {
    const found = new Set(chosen.map(({ key }) => key));
    for (const entry of asked) if (!found.has(entry)) values.push(`${quoteUnlessAtom(entry)} NIL`);
  }
  return {
    text: values.length === 0 ? undefined : `METADATA ${name} (${values.join(' ')})`,
    longestBytes: long.length === 0 ? undefined : Math.max(...long.map(({ value }) => value.length)),
  };
}

function isBelow(key: string, entries: ReadonlySet<string>, depth: number): boolean {
  let end = key.lastIndexOf('/');
  for (let level = 1; level <= depth && end > 0; level++) {
    if (entries.has(key.slice(0, end))) return true;
    end = key.lastIndexOf('/', end - 1);
  }
  return false;
}

/** RFC 5464 §5: only a literal8 may hold NUL. */
function quoteValue(value: Uint8Array): ByteText {
  const bytes = Buffer.from(value).toString('latin1');
  return bytes.includes('\0') ? `~{${bytes.length}}\r\n${bytes}` : quote(bytes);
}
