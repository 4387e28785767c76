import { type Document, isMap, isSeq } from 'yaml';
import { RestanteError } from '../runtime/errors.ts';
import { comparableDomain, splitAddress } from './address-text.ts';
import type { DomainsEdit } from './domains-edit-schema.ts';
import { comparableLocalpart } from './localpart.ts';

/** The change does not fit what the file holds. */
export class DomainsEditError extends RestanteError {
  constructor(action: string, detail: string, hint: string) {
    super('config-edit', `Cannot ${action}: ${detail}`, { hint });
  }
}

/**
 * Makes one change in the parsed file; comments and the order of all else stay. What the change leads to is not validated here.
 * @throws DomainsEditError when what is to be added exists, or what is to be changed does not
 */
export function editDomains(document: Document, change: DomainsEdit): void {
  if (document.contents === null) document.contents = document.createNode({}) as never;
  switch (change.edit) {
    case 'addAccount': {
      const domain = splitAddress(change.address)?.domain ?? '';
      const names = change.fullName === undefined ? {} : { fullName: change.fullName };
      add(document, ['accounts', change.account], { domain, ...names, addresses: { [change.address]: {} } }, 'account');
      break;
    }
    case 'putAccount':
      add(document, ['accounts', change.account], change.settings, 'account');
      break;
    case 'removeAccount':
      remove(document, ['accounts', change.account], 'account');
      break;
    case 'disableLogin':
      existing(document, ['accounts', change.account], 'account');
      document.setIn(['accounts', change.account, 'loginDisabled'], change.reason);
      break;
    case 'enableLogin':
      existing(document, ['accounts', change.account], 'account');
      document.deleteIn(['accounts', change.account, 'loginDisabled']);
      break;
    case 'addAddress': {
      existing(document, ['accounts', change.account], 'account');
      const value = change.mailbox === undefined ? {} : { mailbox: change.mailbox };
      add(document, ['accounts', change.account, 'addresses', change.address], value, 'address');
      break;
    }
    case 'removeAddress':
      removeAddress(document, change.address);
      break;
    case 'addDomain': {
      const value = change.description === undefined ? {} : { description: change.description };
      add(document, ['domains', change.domain], value, 'domain');
      break;
    }
    case 'removeDomain':
      remove(document, ['domains', keyLike(document, ['domains'], change.domain, comparableName)], 'domain');
      break;
    case 'addDkimSelector':
    case 'signWithDkim':
    case 'removeDkimSelector':
      editDkim(document, change);
      break;
    case 'addAlias': {
      const value = { members: change.members, ...(change.postPublic ? { postPublic: true } : {}) };
      add(document, ['aliases', change.address], value, 'alias');
      break;
    }
    case 'removeAlias':
      remove(document, ['aliases', keyLike(document, ['aliases'], change.address, comparableAddress)], 'alias');
      break;
    case 'addAliasMembers': {
      const alias = keyLike(document, ['aliases'], change.address, comparableAddress);
      existing(document, ['aliases', alias], 'alias');
      for (const member of change.members) document.addIn(['aliases', alias, 'members'], member);
      break;
    }
    case 'removeAliasMembers':
      removeMembers(document, change.address, change.members);
      break;
  }
}

type Kind = 'account' | 'address' | 'domain' | 'alias' | 'dkim';

function listCommand(kind: Kind): string {
  return `"restante config ${kind} list" shows what there is.`;
}

function existing(document: Document, path: string[], kind: Kind): void {
  if (document.hasIn(path)) return;
  throw new DomainsEditError(`change ${kind} "${path.at(-1)}"`, 'it does not exist', listCommand(kind));
}

function add(document: Document, path: string[], value: object, kind: Kind): void {
  if (document.hasIn(path)) {
    throw new DomainsEditError(`add ${kind} "${path.at(-1)}"`, 'it exists already', listCommand(kind));
  }
  for (let depth = 1; depth < path.length; depth++) {
    // `key:` with nothing after it is an empty mapping.
    if (!isMap(document.getIn(path.slice(0, depth), true))) {
      document.setIn(path.slice(0, depth), document.createNode({}));
    }
  }
  const parent = document.getIn(path.slice(0, -1), true);
  if (isMap(parent) && parent.items.length === 0) parent.flow = false;
  document.setIn(path, document.createNode(value));
}

function remove(document: Document, path: string[], kind: Kind): void {
  if (document.hasIn(path)) {
    document.deleteIn(path);
    return;
  }
  throw new DomainsEditError(`remove ${kind} "${path.at(-1)}"`, 'it does not exist', listCommand(kind));
}

function keys(document: Document, path: string[]): string[] {
  const node = document.getIn(path, true);
  return isMap(node) ? node.items.map((pair) => String(pair.key)) : [];
}

/** The key as the file spells it. */
function keyLike(document: Document, path: string[], given: string, comparable: (text: string) => string): string {
  const wanted = comparable(given);
  return keys(document, path).find((key) => comparable(key) === wanted) ?? given;
}

function comparableName(domain: string): string {
  return comparableDomain(domain) ?? domain;
}

function comparableAddress(address: string): string {
  const parts = splitAddress(address);
  return parts === undefined
    ? address
    : `${comparableLocalpart(parts.localpart, false)}@${comparableName(parts.domain)}`;
}

function removeAddress(document: Document, address: string): void {
  for (const account of keys(document, ['accounts'])) {
    const path = ['accounts', account, 'addresses'];
    const key = keyLike(document, path, address, comparableAddress);
    if (!document.hasIn([...path, key])) continue;
    document.deleteIn([...path, key]);
    return;
  }
  throw new DomainsEditError(`remove address "${address}"`, 'no account has it', listCommand('address'));
}

function editDkim(
  document: Document,
  change: Extract<DomainsEdit, { edit: 'addDkimSelector' | 'signWithDkim' | 'removeDkimSelector' }>,
): void {
  const { domain, selector } = change;
  const path = ['domains', keyLike(document, ['domains'], domain, comparableName)];
  existing(document, path, 'domain');
  const selectorPath = [...path, 'dkim', 'selectors', selector];
  if (change.edit === 'addDkimSelector') {
    add(document, selectorPath, { privateKeyFile: change.privateKeyFile }, 'dkim');
    return;
  }
  existing(document, selectorPath, 'dkim');
  const list = document.getIn([...path, 'dkim', 'sign'], true);
  const signing = isSeq(list) ? list.items.map(String) : [];
  const at = signing.indexOf(selector);
  if (change.edit === 'removeDkimSelector') {
    if (at >= 0) {
      const hint = `restante config dkim unsign ${domain} ${selector}`;
      throw new DomainsEditError(`remove dkim "${selector}"`, 'mail is signed with it', hint);
    }
    document.deleteIn(selectorPath);
  } else if (change.signs && at < 0) {
    document.setIn([...path, 'dkim', 'sign'], document.createNode([...signing, selector]));
  } else if (!change.signs && at >= 0) document.deleteIn([...path, 'dkim', 'sign', at]);
}

function removeMembers(document: Document, address: string, members: readonly string[]): void {
  const alias = keyLike(document, ['aliases'], address, comparableAddress);
  existing(document, ['aliases', alias], 'alias');
  const list = document.getIn(['aliases', alias, 'members'], true);
  for (const member of members) {
    const texts: string[] = isSeq(list) ? list.items.map((item) => comparableAddress(String(item))) : [];
    const at = texts.indexOf(comparableAddress(member));
    if (at < 0) {
      throw new DomainsEditError(`remove member "${member}" of "${address}"`, 'it is none', listCommand('alias'));
    }
    document.deleteIn(['aliases', alias, 'members', at]);
  }
}
