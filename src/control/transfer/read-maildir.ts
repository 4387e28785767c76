import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RestanteError } from '../../runtime/errors.ts';
import { mailboxOfFolder } from './maildir-folder.ts';
import type { MailboxToImport, MessageToImport } from './message-to-import.ts';

export class NotAMaildirError extends RestanteError {
  constructor(path: string, cause?: unknown) {
    super('not-a-maildir', `Cannot import "${path}": it is not a maildir`, {
      hint: 'Name the directory that holds cur and new.',
      context: { path },
      cause,
    });
  }
}

const flagOfLetter: Readonly<Record<string, string>> = {
  D: '\\Draft',
  F: '\\Flagged',
  P: '$Forwarded',
  R: '\\Answered',
  S: '\\Seen',
  T: '\\Deleted',
};

/**
 * The mailboxes of a maildir: its own messages under the name given, and those of its Maildir++ folders under theirs.
 * @throws NotAMaildirError
 */
export async function readMaildir(path: string, mailbox: string): Promise<MailboxToImport[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw new NotAMaildirError(path, cause);
  });
  if (!entries.some((entry) => entry.name === 'cur')) throw new NotAMaildirError(path);
  const folders = entries.filter((entry) => entry.isDirectory() && /^\.[^.]/.test(entry.name));
  return [
    maildir(path, mailbox),
    ...folders
      .map(({ name }) => maildir(join(path, name), mailboxOfFolder(name)))
      .sort((a, b) => (a.mailbox < b.mailbox ? -1 : 1)),
  ];
}

function maildir(path: string, mailbox: string): MailboxToImport {
  return { mailbox, messages: (signal) => messages(path, signal) };
}

async function* messages(path: string, signal: AbortSignal): AsyncGenerator<MessageToImport> {
  const keywords = await dovecotKeywords(path);
  const files: { path: string; name: string }[] = [];
  for (const part of ['cur', 'new']) {
    const names = await readdir(join(path, part)).catch(() => []);
    for (const name of names) if (!name.startsWith('.')) files.push({ path: join(path, part, name), name });
  }
  // File names start with the time of delivery.
  files.sort((a, b) => Number.parseInt(a.name, 10) - Number.parseInt(b.name, 10) || (a.name < b.name ? -1 : 1));
  for (const file of files) {
    signal.throwIfAborted();
    const found = await stat(file.path);
    if (!found.isFile()) continue;
    const letters = /[:;!]2,([A-Za-z]*)/.exec(file.name)?.[1] ?? '';
    const flags = Array.from(letters).flatMap((letter) => {
      return flagOfLetter[letter] ?? keywords.get(letter) ?? [];
    });
    yield { content: createReadStream(file.path, { signal }), flags, receivedAt: found.mtimeMs, source: file.path };
  }
}

/** Dovecot gives small letters to keywords, in a file of lines `0 name`. */
async function dovecotKeywords(path: string): Promise<Map<string, string>> {
  const text = await readFile(join(path, 'dovecot-keywords'), 'utf8').catch(() => '');
  const keywords = new Map<string, string>();
  for (const [, number, name] of text.matchAll(/^(\d{1,2}) (\S+)$/gm)) {
    keywords.set(String.fromCharCode(97 + Number(number)), name);
  }
  return keywords;
}
