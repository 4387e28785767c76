import { promisify } from 'node:util';
import { gunzip, inflateRaw } from 'node:zlib';
import { limits } from '../runtime/limits.ts';
import { readZipEntry } from './read-zip-entry.ts';
import { ReportFormatError } from './report-format-error.ts';

const gunzipBytes = promisify(gunzip);
const inflateBytes = promisify(inflateRaw);

/**
 * The report within what a message brings: gzip and zip are known by their first bytes, whatever type or name they were given, as
 * senders mix them up; all else is taken as it is. Never makes more than `limits.reportBytes` of it, nor more than
 * `limits.reportRatio` times its size. Runs in libuv's threads.
 * @throws ReportFormatError
 * Source: RFC 1952 §2.3.1; RFC 9990 §3.5, RFC 8460 §5.1
 */
export async function decompressReport(bytes: Uint8Array): Promise<Buffer> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length > limits.reportMessageBytes) throw new ReportFormatError(`it has ${buffer.length} bytes`);
  if (buffer[0] === 0x1f && buffer[1] === 0x8b) return await inflated(gunzipBytes, buffer);
  if (buffer.toString('latin1', 0, 2) === 'PK') {
    const { data, isDeflated } = readZipEntry(buffer, (name) => /\.(?:xml|json)$/i.test(name));
    return isDeflated ? await inflated(inflateBytes, data) : data;
  }
  return buffer;
}

async function inflated(
  inflate: (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>,
  bytes: Buffer,
): Promise<Buffer> {
  const byRatio = Math.max(limits.reportRatioFromBytes, bytes.length * limits.reportRatio);
  const most = Math.min(limits.reportBytes, byRatio);
  try {
    return await inflate(bytes, { maxOutputLength: most });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const detail = isTooLarge
      ? `${bytes.length} bytes become more than ${most} when they are decompressed`
      : `its compressed data is damaged (${(error as Error).message})`;
    throw new ReportFormatError(detail, { cause: error });
  }
}
