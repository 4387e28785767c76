import { limits } from '../../runtime/limits.ts';
import { checkAlgorithm, checkKey } from '../dkim/check-key.ts';
import { isSignedBy } from '../dkim/is-signed-by.ts';
import { SignatureCheck } from '../dkim/signature-check.ts';
import { signatureFaultOf } from '../dkim/signature-fault.ts';
import type { SignedMessage } from '../dkim/signed-message.ts';
import { ArcFault, arcFaultOf } from './arc-fault.ts';
import type { ArcResults } from './arc-results.ts';
import { type ArcSet, arcSetsOf } from './arc-set.ts';
import { sealedTexts } from './sealed-text.ts';

/** What a message says of the servers that have passed it on. */
export interface ArcVerdict {
  /** `temperror`: the DNS did not answer. RFC 8617 §5.2.1 calls that a failure for good; asked again, it may be none. */
  readonly result: 'none' | 'pass' | 'fail' | 'temperror';
  /** The servers, the first one first; empty for `none`, and for chains that are not put together as they should be. */
  readonly sealers: readonly ArcSealer[];
  /** For `pass`: whether the newest server has signed the From field that is there now. */
  readonly signsAuthor?: boolean;
  /** For `pass`: the oldest set since which nothing that it signs was changed; 0: all, so nothing was changed at all. */
  readonly oldestPass?: number;
  /** Why it fails. */
  readonly problem?: string;
}

export interface ArcSealer {
  /** Lower case. Proven for `pass` only. */
  readonly domain: string;
  readonly selector: string;
  /** What it has found out about the message that came to it. */
  readonly authentication: ArcResults;
}

/**
 * Begins to verify the chain of a message; to be called before its body goes by.
 * @returns what gives the verdict when it has; it throws the signal's reason
 * Source: RFC 8617 §5.2
 */
export function startArc(message: SignedMessage): () => Promise<ArcVerdict> {
  let sealers: ArcSealer[] = [];
  const failed = ({ result, message: problem }: ArcFault): ArcVerdict => ({ result, sealers, problem });
  try {
    const sets = arcSetsOf(message.header, message.fields);
    const newest = sets.at(-1);
    if (newest === undefined) return async () => ({ result: 'none', sealers });
    sealers = sets.map(({ seal, results }) => ({ ...pick(seal), authentication: results }));
    const checks = startChecks(message, sets);
    return async () => {
      try {
        await checks.newest();
        const [oldestPass] = await Promise.all([checks.oldestPass(), verifySeals(message, sets)]);
        return { result: 'pass', sealers, signsAuthor: newest.message.fields.includes('from'), oldestPass };
      } catch (error) {
        message.signal.throwIfAborted();
        if (error instanceof ArcFault) return failed(error);
        throw error;
      }
    };
  } catch (error) {
    if (!(error instanceof ArcFault)) throw error;
    return async () => failed(error);
  }
}

function pick({ domain, selector }: ArcSet['seal']): Pick<ArcSealer, 'domain' | 'selector'> {
  return { domain, selector };
}

/** The checks of what the servers have signed of the message. Of long chains the newest ones only: each may want a hash of the body. */
function startChecks(
  message: SignedMessage,
  sets: readonly ArcSet[],
): { newest: () => Promise<void>; oldestPass: () => Promise<number> } {
  const [newest, ...older] = sets.toReversed().slice(0, limits.arcMessageSignatures);
  const { instance, fields, message: signature } = newest!;
  const check = attempt(instance, () => new SignatureCheck(message, fields.message, signature));
  // Whoever makes up a chain makes us ask for one key, not for all.
  check.askForKey();
  const olderChecks = older.map((set) => {
    try {
      return new SignatureCheck(message, set.fields.message, set.message);
    } catch (error) {
      signatureFaultOf(error);
      return undefined;
    }
  });
  return {
    async newest() {
      try {
        await check.verify();
      } catch (error) {
        throw arcFaultOf(error, `the signature ${instance}`);
      }
    },
    async oldestPass() {
      let lowest = instance;
      for (const olderCheck of olderChecks) {
        try {
          if (olderCheck === undefined) return lowest;
          await olderCheck.verify();
          lowest--;
        } catch (error) {
          signatureFaultOf(error);
          return lowest;
        }
      }
      return lowest === 1 ? 0 : lowest;
    },
  };
}

function attempt(instance: number, begin: () => SignatureCheck): SignatureCheck {
  try {
    return begin();
  } catch (error) {
    throw arcFaultOf(error, `the signature ${instance}`);
  }
}

/** @throws ArcFault; `fail`, if one seal fails, whatever was not found out about others */
async function verifySeals(message: SignedMessage, sets: readonly ArcSet[]): Promise<void> {
  const faults: ArcFault[] = [];
  const texts = sealedTexts(message.header, sets);
  const verifySeal = async ({ instance, seal }: ArcSet, at: number): Promise<void> => {
    try {
      checkAlgorithm(seal.algorithm);
      const key = await message.keys.find(seal.selector, seal.domain);
      checkKey(key, seal);
      if (await isSignedBy(key, texts[at]!, seal.signature)) return;
      throw new ArcFault('fail', `the seal ${instance}: what it seals was changed, or the key is another one`);
    } catch (error) {
      faults.push(arcFaultOf(error, `the seal ${instance}`));
    }
  };
  await Promise.all(sets.map(verifySeal));
  const fault = faults.find(({ result }) => result === 'fail') ?? faults[0];
  if (fault !== undefined) throw fault;
}
