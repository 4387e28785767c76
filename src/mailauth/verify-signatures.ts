import { type ArcVerdict, startArc } from './arc/arc-verify.ts';
import { type DkimVerdict, startDkim } from './dkim/dkim-verify.ts';
import { readSignedMessage, type SignatureOptions } from './dkim/signed-message.ts';

/**
 * Verifies the DKIM signatures and the ARC chain of a message, which is read once for both. Memory doesn't grow with the message.
 * @param content all bytes, header first, with CRLF line ends
 * @throws what `content` throws, and the signal's reason
 * Source: RFC 6376 §6; RFC 8617 §5.2
 */
export async function verifySignatures(
  content: AsyncIterable<Uint8Array>,
  options: SignatureOptions,
): Promise<{ dkim: DkimVerdict[]; arc: ArcVerdict }> {
  let finishDkim = async (): Promise<DkimVerdict[]> => [];
  let finishArc = async (): Promise<ArcVerdict> => ({ result: 'none', sealers: [] });
  await readSignedMessage(content, options, (message) => {
    finishDkim = startDkim(message);
    finishArc = startArc(message);
  });
  const [dkim, arc] = await Promise.all([finishDkim(), finishArc()]);
  return { dkim, arc };
}
