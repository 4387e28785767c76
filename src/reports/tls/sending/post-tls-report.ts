import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { limits } from '../../../runtime/limits.ts';

const gzipBytes = promisify(gzip);

/**
 * Hands a report to a host that takes it by HTTPS. Redirects are not followed, and the answer is not read.
 * @throws when it was not taken; the signal's reason
 * Source: RFC 8460 §5.4
 */
export async function postTlsReport(url: string, json: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/tlsrpt+gzip' },
    body: await gzipBytes(json),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(limits.tlsReportPostMs)]),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the host answers ${response.status}`);
}
