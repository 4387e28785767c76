import { type DkimVerdict, dkimVerify } from '../../mailauth/dkim/dkim-verify.ts';
import { systemClock } from '../../runtime/clock.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

/** Verifies the signatures of a message. @param content all bytes, with CRLF line ends */
export async function verifyDkim(question: {
  staticConfigPath: string;
  content: AsyncIterable<Uint8Array>;
  signal: AbortSignal;
}): Promise<DkimVerdict[]> {
  const { staticConfigPath, content, signal } = question;
  const { resolver } = await openDiagnosisResolver(staticConfigPath);
  return await dkimVerify(content, { resolver, now: systemClock.now(), signal });
}
