import type { DomainsConfig } from '../config/domains-config.ts';
import { RestanteError } from '../runtime/errors.ts';

export class UnknownAccountError extends RestanteError {
  constructor(account: string) {
    super('unknown-account', `Cannot use account "${account}": domains.yaml has none of that name`, {
      hint: '"restante config account list" shows all accounts.',
      context: { account },
    });
  }
}

/** The name of a configured account, given its name or one of its addresses. @throws UnknownAccountError */
export function knownAccount(config: DomainsConfig, given: string): string {
  const name = config.addressBook.accountForLogin(given);
  if (name === undefined) throw new UnknownAccountError(given);
  return name;
}
