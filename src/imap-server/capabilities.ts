import { availableMechanisms } from '../sasl/available-mechanisms.ts';
import type { Session } from './session.ts';

const always = ['IMAP4rev2', 'IMAP4rev1', 'LITERAL+', 'SASL-IR', 'ENABLE', 'ID'];

/** What the mail commands can do: said after login, as clients ask again then. */
const loggedIn = [
  'NAMESPACE',
  'ACL',
  'RIGHTS=kxte',
  'LIST-MYRIGHTS',
  'IDLE',
  'NOTIFY',
  'UNSELECT',
  'UIDPLUS',
  'MOVE',
  'ESEARCH',
  'MULTISEARCH',
  'SEARCHRES',
  'WITHIN',
  'SORT',
  'SORT=DISPLAY',
  'ESORT',
  'PARTIAL',
  'CONTEXT=SEARCH',
  'CONTEXT=SORT',
  'I18NLEVEL=1',
  'SEARCH=FUZZY',
  'THREAD=ORDEREDSUBJECT',
  'THREAD=REFERENCES',
  'SAVEDATE',
  'PREVIEW',
  'OBJECTID',
  'CHILDREN',
  'LIST-EXTENDED',
  'LIST-STATUS',
  'STATUS=SIZE',
  'SPECIAL-USE',
  'CREATE-SPECIAL-USE',
  'BINARY',
  'CONDSTORE',
  'QRESYNC',
  'UIDONLY',
  'UTF8=ACCEPT',
  'MULTIAPPEND',
  'QUOTA',
  'QUOTA=RES-STORAGE',
  'QUOTA=RES-MESSAGE',
  'METADATA',
  'LIST-METADATA',
  'CATENATE',
  'REPLACE',
  'UIDBATCHES',
  'INPROGRESS',
  'URLAUTH',
  'URL-PARTIAL',
  'UNAUTHENTICATE',
];

/** The words of CAPABILITY in the session's present state. Source: RFC 9051 §7.2.2 */
export function capabilities(session: Session): string {
  const { server } = session;
  if (session.account !== undefined) {
    const words = [...always, ...loggedIn, `APPENDLIMIT=${server.limits.messageBytes}`];
    if (!session.compressed) words.push('COMPRESS=DEFLATE');
    return words.join(' ');
  }
  const words = [...always];
  if (session.startTls && session.tls === undefined && !session.compressed) words.push('STARTTLS');
  const mechanisms = availableMechanisms({ tls: session.tls, allowPlaintext: server.allowPlaintextAuth });
  // RFC 9051 §6.2.3
  if (mechanisms.length === 0) words.push('LOGINDISABLED');
  for (const mechanism of mechanisms) words.push(`AUTH=${mechanism}`);
  return words.join(' ');
}
