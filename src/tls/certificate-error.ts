import { RestanteError } from '../runtime/errors.ts';

/** A certificate or key file that can't be used. */
export class CertificateError extends RestanteError {
  constructor(file: string, detail: string, cause?: unknown) {
    super('certificate-unusable', `Cannot use certificate "${file}": ${detail}`, {
      hint: 'restante config test',
      context: { file },
      cause,
    });
  }
}
