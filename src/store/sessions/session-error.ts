import { RestanteError } from '../../runtime/errors.ts';

/** The account has as many sessions open as it may. */
export class TooManySessionsError extends RestanteError {
  constructor(account: string, limit: number) {
    super('too-many-sessions', `Cannot open session: account "${account}" has ${limit} open`, {
      context: { account, limit },
    });
  }
}

/** What the login was checked against has changed before it was done: the client may try again. */
export class LoginRevokedError extends RestanteError {
  constructor(account: string) {
    super('login-revoked', `Cannot open session: how account "${account}" is logged in to has just changed`, {
      context: { account },
    });
  }
}
