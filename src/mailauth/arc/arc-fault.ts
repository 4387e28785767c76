import { signatureFaultOf } from '../dkim/signature-fault.ts';

/** Ends the check of a chain. */
export class ArcFault extends Error {
  readonly result: 'fail' | 'temperror';

  constructor(result: 'fail' | 'temperror', problem: string) {
    super(problem);
    this.result = result;
  }
}

/**
 * What an error of the check of one signature says of the chain.
 * @param whose for the text: `the seal 2`
 * @throws the error, when it says nothing of it
 */
export function arcFaultOf(error: unknown, whose: string): ArcFault {
  if (error instanceof ArcFault) return error;
  const { result, message } = signatureFaultOf(error);
  return new ArcFault(result === 'temperror' ? 'temperror' : 'fail', `${whose}: ${message}`);
}
