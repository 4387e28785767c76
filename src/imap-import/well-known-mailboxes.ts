import type { SpecialUse } from '../store/mailboxes/mailbox.ts';

/** Names that mail programs give to mailboxes of a use, in lower case: for servers that don't tell of uses. */
const names: Readonly<Partial<Record<SpecialUse, readonly string[]>>> = {
  '\\Archive': ['archive', 'archives', 'archiv'],
  '\\Drafts': ['drafts', 'draft', 'entwürfe', 'brouillons', 'borradores', 'bozze', 'concepten'],
  '\\Junk': ['junk', 'spam', 'junk e-mail', 'junk email', 'junk mail', 'bulk mail', 'pourriel', 'correo no deseado'],
  '\\Sent': [
    ...['sent', 'sent items', 'sent messages', 'sent mail', 'gesendet', 'gesendete objekte', 'gesendete elemente'],
    ...['éléments envoyés', 'envoyés', 'enviados', 'posta inviata', 'verzonden items'],
  ],
  '\\Trash': [
    ...['trash', 'deleted items', 'deleted messages', 'papierkorb', 'gelöschte objekte', 'gelöschte elemente'],
    ...['corbeille', 'papelera', 'cestino', 'prullenbak'],
  ],
};

const useOfName = new Map(
  Object.entries(names).flatMap(([use, known]) => known.map((name) => [name, use as SpecialUse] as const)),
);

/** @param path of a mailbox at the top level */
export function wellKnownUse(path: string): SpecialUse | undefined {
  return useOfName.get(path.toLowerCase());
}
