import { RestanteError } from '../runtime/errors.ts';

/** What a client sent is no command of the grammar: answered by BAD. `publicText` may be sent to it. */
export class ImapSyntaxError extends RestanteError {
  readonly publicText: string;

  constructor(publicText: string) {
    super('imap-syntax', `Cannot parse IMAP command: ${publicText}`);
    this.publicText = publicText;
  }
}
