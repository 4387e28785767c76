import type { AnnotationChange } from '../operations/set-annotations.ts';
import type { SharedAccount } from '../shared-account.ts';

/** Changes to annotations: RFC 5464. */
export class AnnotationWriter {
  readonly #shared: SharedAccount;

  constructor(shared: SharedAccount) {
    this.#shared = shared;
  }

  /**
   * Sets all or none; those without value are taken away.
   * @param mailboxId undefined: of the account
   * @returns MODSEQ of the change
   * @throws StoreLimitError
   */
  async set(mailboxId: number | undefined, annotations: readonly AnnotationChange[]): Promise<number> {
    return await this.#shared.write('setAnnotations', { mailboxId, annotations });
  }
}
