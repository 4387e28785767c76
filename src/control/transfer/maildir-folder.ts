/**
 * Names of folders in a Maildir++: `.Lists.Work` for Lists/Work, in the modified UTF-7 of RFC 3501 §5.1.3, as other software
 * writes them. A dot within a name is shifted too, since it separates levels.
 */
export function folderOfMailbox(mailbox: string): string {
  return `.${mailbox.split('/').map(encodeLevel).join('.')}`;
}

/** The mailbox of a folder name that starts with a dot. */
export function mailboxOfFolder(folder: string): string {
  return folder.slice(1).split('.').map(decodeLevel).join('/');
}

function encodeLevel(level: string): string {
  return level.replace(/&|[^\u0020-\u007e]+|\.+/g, (found) => {
    if (found === '&') return '&-';
    const bytes = Buffer.from(found, 'utf16le').swap16();
    return `&${bytes.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}

function decodeLevel(level: string): string {
  return level.replace(/&([^-]*)-/g, (whole: string, shifted: string) => {
    if (shifted === '') return '&';
    const bytes = Buffer.from(shifted.replaceAll(',', '/'), 'base64');
    return bytes.length % 2 === 0 && bytes.length > 0 ? bytes.swap16().toString('utf16le') : whole;
  });
}
