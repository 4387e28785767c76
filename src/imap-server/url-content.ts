import type { MessageUrl } from '../imap/imap-url.ts';
import type { Account } from '../store/account.ts';
import { MessageContent, type SectionContent } from './message-content.ts';

/**
 * Runs something with what a URL points to, which stays readable until that is done, whoever expunges it.
 * @param mailboxId of the mailbox that the URL is about; undefined: there is none
 * @param use is given undefined when there is no such message or part
 * @throws MessageFileError
 */
export async function withUrlContent<Result>(
  account: Account,
  mailboxId: number | undefined,
  url: MessageUrl,
  use: (content: SectionContent) => Promise<Result>,
): Promise<Result> {
  // Held before it is read, so that no file goes between the two.
  const hold = account.holdExpunged(await account.read((reader) => reader.modseq()));
  try {
    const row = await account.read(async (reader) => {
      const found = mailboxId === undefined ? undefined : await reader.mailboxes.byId(mailboxId);
      if (found === undefined || (url.uidValidity ?? found.uidValidity) !== found.uidValidity) return undefined;
      const columns = ['contentId', 'prefix', 'fileSizeBytes'] as const;
      const [message] = await reader.messages.rendered(found.id, [url.uid], undefined, undefined, { columns });
      return message;
    });
    return await use(row === undefined ? undefined : await new MessageContent(account, row).section(url.section));
  } finally {
    hold[Symbol.dispose]();
  }
}
