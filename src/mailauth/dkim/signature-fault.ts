import { DnsError } from '../../dns/dns-error.ts';
import { TagListError } from './tag-list.ts';

/** RFC 8601 §2.7.1, but for `pass` and `none`. */
export type SignatureFaultResult = 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror';

/** Ends the check of one signature. */
export class SignatureFault extends Error {
  readonly result: SignatureFaultResult;

  constructor(result: SignatureFaultResult, problem: string) {
    super(problem);
    this.result = result;
  }
}

/** What an error says of the signature that was checked. @throws the error, when it says nothing of it */
export function signatureFaultOf(error: unknown): SignatureFault {
  if (error instanceof SignatureFault) return error;
  if (error instanceof TagListError) return new SignatureFault('neutral', `it can not be read: ${error.message}`);
  if (error instanceof DnsError) {
    if (error.kind === 'temporary') return new SignatureFault('temperror', error.message);
    return new SignatureFault('permerror', 'there is no key');
  }
  throw error;
}
