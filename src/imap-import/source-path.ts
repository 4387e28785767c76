import type { ListedMailbox, Namespaces } from '../imap-client/list-mailboxes.ts';

export interface SourcePath {
  /** Levels with `/` between them, without the prefix that all of the user's mailboxes have there. */
  readonly path: string;
  /** Some of the name can't be in a name here, and was replaced. */
  readonly isChanged: boolean;
  /** Of another user, or shared. */
  readonly isShared: boolean;
}

/**
 * @returns a function that tells where a mailbox is in its user's hierarchy, whatever the server writes between levels and before names
 * Source: RFC 2342 §5
 */
export function sourcePaths(
  mailboxes: readonly ListedMailbox[],
  namespaces: Namespaces | undefined,
): (mailbox: ListedMailbox) => SourcePath {
  const prefixes = namespaces?.personal.map(({ prefix }) => prefix) ?? [guessPrefix(mailboxes)];
  const shared = (namespaces?.others ?? []).filter(({ prefix }) => prefix !== '');
  return (mailbox) => {
    const { name, delimiter } = mailbox;
    const isShared = shared.some(({ prefix }) => hasPrefix(`${name}${delimiter ?? ''}`, prefix));
    const prefix = prefixes.find((each) => each !== '' && name.length > each.length && hasPrefix(name, each)) ?? '';
    const rest = isShared ? name : name.slice(prefix.length);
    const levels = (delimiter === undefined ? [rest] : rest.split(delimiter)).filter((level) => level !== '');
    const path = levels
      .map((level) => level.toWellFormed().replaceAll(/[/\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '_'))
      .join('/')
      .normalize('NFC')
      .replace(/^inbox(?=\/|$)/i, 'Inbox');
    const asIs = levels.join('/').normalize('NFC');
    return { path, isChanged: path !== asIs && path.toLowerCase() !== asIs.toLowerCase(), isShared };
  };
}

function hasPrefix(name: string, prefix: string): boolean {
  // INBOX in any case: RFC 9051 §5.1.
  return name.startsWith(prefix) || (/^inbox/i.test(prefix) && name.toLowerCase().startsWith(prefix.toLowerCase()));
}

/** Courier and Cyrus have all mailboxes below INBOX; old ones can't say so. */
function guessPrefix(mailboxes: readonly ListedMailbox[]): string {
  const others = mailboxes.filter(({ name }) => !/^inbox$/i.test(name));
  const delimiter = others[0]?.delimiter;
  if (delimiter === undefined) return '';
  const prefix = `INBOX${delimiter}`;
  return others.every(({ name }) => hasPrefix(name, prefix)) ? prefix : '';
}
