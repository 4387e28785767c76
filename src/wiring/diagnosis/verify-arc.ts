import type { ArcSealer, ArcVerdict } from '../../mailauth/arc/arc-verify.ts';
import { verifySignatures } from '../../mailauth/verify-signatures.ts';
import { systemClock } from '../../runtime/clock.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

/** Verifies the ARC chain of a message. @param content all bytes, with CRLF line ends */
export async function verifyArc(question: {
  staticConfigPath: string;
  content: AsyncIterable<Uint8Array>;
  signal: AbortSignal;
}): Promise<Omit<ArcVerdict, 'sealers'> & { sealers: readonly (ArcSealer & { isTrusted: boolean })[] }> {
  const { staticConfigPath, content, signal } = question;
  const { resolver, config } = await openDiagnosisResolver(staticConfigPath);
  const { arc } = await verifySignatures(content, { resolver, now: systemClock.now(), signal });
  const trusted = new Set(config?.trustedArcSealers.map((domain) => domain.toLowerCase()));
  return { ...arc, sealers: arc.sealers.map((sealer) => ({ ...sealer, isTrusted: trusted.has(sealer.domain) })) };
}
