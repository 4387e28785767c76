import { limits } from '../runtime/limits.ts';
import { ReportFormatError } from './report-format-error.ts';

/** Signatures and fixed sizes of the records of a zip file: APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16. */
const localHeader = { signature: 0x04034b50, size: 30 };
const centralHeader = { signature: 0x02014b50, size: 46 };
const endRecord = { signature: 0x06054b50, size: 22 };
/** A comment may follow the end record. */
const mostCommentBytes = 65_535;
const encryptedFlag = 1;
const stored = 0;
const deflated = 8;

/**
 * Finds one file in a zip file by its directory. The sizes that it states are not believed: the caller limits what it inflates.
 * @param isWanted asked with the name of each file; without one that is wanted, a file that is the only one is taken
 * @returns the data as it lies in the zip file
 * @throws ReportFormatError
 */
export function readZipEntry(
  zip: Buffer,
  isWanted: (name: string) => boolean,
): { name: string; data: Buffer; isDeflated: boolean } {
  const files = [...directory(zip)].filter(({ name }) => !name.endsWith('/'));
  const entry = files.find(({ name }) => isWanted(name)) ?? (files.length === 1 ? files[0] : undefined);
  if (entry === undefined) throw new ReportFormatError(`of ${files.length} files in the zip file none is a report`);
  const { name, flags, method, compressedBytes, headerAt } = entry;
  if ((flags & encryptedFlag) !== 0) throw new ReportFormatError('the zip file is encrypted');
  if (method !== stored && method !== deflated) throw new ReportFormatError(`the zip file uses method ${method}`);
  if (headerAt + localHeader.size > zip.length || zip.readUInt32LE(headerAt) !== localHeader.signature) throw damaged();
  const dataAt = headerAt + localHeader.size + zip.readUInt16LE(headerAt + 26) + zip.readUInt16LE(headerAt + 28);
  if (dataAt + compressedBytes > zip.length) throw damaged();
  return { name, data: zip.subarray(dataAt, dataAt + compressedBytes), isDeflated: method === deflated };
}

interface Entry {
  name: string;
  flags: number;
  method: number;
  compressedBytes: number;
  headerAt: number;
}

function* directory(zip: Buffer): Generator<Entry> {
  const end = findEnd(zip);
  const count = zip.readUInt16LE(end + 10);
  if (count > limits.reportZipEntries) throw new ReportFormatError(`the zip file has ${count} entries`);
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (at + centralHeader.size > zip.length || zip.readUInt32LE(at) !== centralHeader.signature) throw damaged();
    const nameAt = at + centralHeader.size;
    const nameBytes = zip.readUInt16LE(at + 28);
    yield {
      name: zip.toString('utf8', nameAt, Math.min(nameAt + nameBytes, zip.length)),
      flags: zip.readUInt16LE(at + 8),
      method: zip.readUInt16LE(at + 10),
      compressedBytes: zip.readUInt32LE(at + 20),
      headerAt: zip.readUInt32LE(at + 42),
    };
    at = nameAt + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
}

function findEnd(zip: Buffer): number {
  const last = zip.length - endRecord.size;
  for (let at = last; at >= Math.max(0, last - mostCommentBytes); at--) {
    if (zip.readUInt32LE(at) === endRecord.signature) return at;
  }
  throw damaged();
}

function damaged(): ReportFormatError {
  return new ReportFormatError('the zip file is damaged');
}
