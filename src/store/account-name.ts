import { AccountNameError } from './store-errors.ts';

/**
 * Checks an account name: it becomes a directory name, so nothing a file system could read as anything else may be in it.
 * @throws AccountNameError
 */
export function checkAccountName(name: string): string {
  if (!isAccountName(name)) throw new AccountNameError(name);
  return name;
}

export function isAccountName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(name);
}
