import type { HeaderField } from '../../message/header-fields.ts';
import { limits } from '../../runtime/limits.ts';
import { type DkimSignature, parseDkimSignature } from './dkim-signature.ts';
import { SignatureCheck } from './signature-check.ts';
import { type SignatureFault, type SignatureFaultResult, signatureFaultOf } from './signature-fault.ts';
import { readSignedMessage, type SignatureOptions, type SignedMessage } from './signed-message.ts';

export interface DkimVerdict {
  /** RFC 8601 §2.7.1 */
  readonly result: 'pass' | SignatureFaultResult;
  /** As far as the signature could be read. */
  readonly signature?: Pick<DkimSignature, 'domain' | 'selector' | 'identity' | 'algorithm'>;
  /** Why it isn't "pass". */
  readonly problem?: string;
  /** The domain only tries DKIM out. */
  readonly isTest?: boolean;
}

/**
 * Verifies the signatures of a message. Memory doesn't grow with the message; of many signatures the first are looked at.
 * @param content all bytes, header first, with CRLF line ends
 * @returns a verdict for each signature, from the top; none for a message without
 * @throws what `content` throws, and the signal's reason
 * Source: RFC 6376 §6; RFC 8301, RFC 8463
 */
export async function dkimVerify(
  content: AsyncIterable<Uint8Array>,
  options: SignatureOptions,
): Promise<DkimVerdict[]> {
  let finish = async (): Promise<DkimVerdict[]> => [];
  await readSignedMessage(content, options, (message) => {
    finish = startDkim(message);
  });
  return await finish();
}

/** To be called before the body of the message goes by. @returns what gives the verdicts when it has */
export function startDkim(message: SignedMessage): () => Promise<DkimVerdict[]> {
  const checks = message.fields
    .filter(({ name }) => name === 'dkim-signature')
    .slice(0, limits.dkimSignatures)
    .map((field) => startCheck(message, field));
  return async () => await Promise.all(checks.map((finish) => finish()));
}

function startCheck(message: SignedMessage, own: HeaderField): () => Promise<DkimVerdict> {
  let signature: DkimSignature | undefined;
  let check: SignatureCheck | undefined;
  let problem: SignatureFault | undefined;
  try {
    signature = parseDkimSignature(message.header.slice(own.valueStart, own.end));
    check = new SignatureCheck(message, own, signature);
    check.askForKey();
  } catch (error) {
    problem = signatureFaultOf(error);
  }
  const shown = signature === undefined ? {} : { signature };
  return async () => {
    try {
      if (problem !== undefined) throw problem;
      await check!.verify();
      return { result: 'pass', ...shown, ...(check!.isTest ? { isTest: true } : {}) };
    } catch (error) {
      message.signal.throwIfAborted();
      const fault = signatureFaultOf(error);
      return { result: fault.result, problem: fault.message, ...shown, ...(check?.isTest ? { isTest: true } : {}) };
    }
  };
}
