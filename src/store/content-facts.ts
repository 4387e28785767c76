import { hash } from 'node:crypto';
import { baseSubject } from '../message/base-subject.ts';
import { decodeHeaderText } from '../message/header-text.ts';
import { parseAddressList } from '../message/parse-address-list.ts';
import { parseDate } from '../message/parse-date.ts';
import { isDsn } from '../message/parse-dsn.ts';
import { parseMessageIds } from '../message/parse-message-ids.ts';
import { renderBodyStructure } from '../message/render-body-structure.ts';
import { renderEnvelope } from '../message/render-envelope.ts';
import type { MessageStructure } from '../message/structure.ts';
import { parseStructure } from '../message/structure-parser.ts';
import { limits } from '../runtime/limits.ts';
import type { ContentFacts } from './operations/add-messages.ts';

/** Characters of a subject that are kept and compared. */
const subjectLength = 1000;

/** A message for several recipients is looked at once. */
const known = new WeakMap<MessageStructure, ContentFacts>();

/**
 * What the store keeps of a message besides its bytes, found out before the transaction.
 * @param prefix headers that come before the file: where the file lacks Date or Message-ID, they may be in there
 */
export function describeContent(structure: MessageStructure, prefix: Uint8Array): ContentFacts {
  const { envelope } = structure;
  if (prefix.length > 0 && (envelope.messageId === undefined || envelope.date === undefined)) {
    const added = parseStructure(prefix).envelope;
    return describe({ ...structure, envelope: { ...envelope, ...added } });
  }
  let facts = known.get(structure);
  if (facts === undefined) {
    facts = describe(structure);
    known.set(structure, facts);
  }
  return facts;
}

function describe(structure: MessageStructure): ContentFacts {
  const { envelope } = structure;
  const messageId = envelope.messageId === undefined ? undefined : parseMessageIds(envelope.messageId)[0];
  const subject = decodeHeaderText(envelope.subject ?? '').slice(0, subjectLength);
  const base = baseSubject(subject);
  const from = envelope.from === undefined ? undefined : parseAddressList(envelope.from)[0];
  return {
    envelope: renderEnvelope(structure),
    bodyStructure: renderBodyStructure(structure, { extended: true }),
    structure: JSON.stringify(structure),
    messageId: messageId?.slice(0, subjectLength) ?? null,
    messageIdHash: messageId === undefined ? null : hashOf(messageId),
    referenceHashes: referencesOf(structure, messageId).map(hashOf),
    subject: subject.toWellFormed(),
    baseSubject: base.base.toWellFormed(),
    subjectHash: base.base === '' ? null : hashOf(base.base.toLowerCase()),
    isReply: base.isReplyOrForward,
    fromLocalpart: from?.localpart.toWellFormed() ?? null,
    fromDomain: from?.domain.toLowerCase().toWellFormed() ?? null,
    sentAt: (envelope.date === undefined ? undefined : parseDate(envelope.date))?.timestampMs ?? null,
    isMailingList: structure.listId !== undefined,
    isDsn: isDsn(structure),
    isAutomatic: structure.autoSubmitted !== undefined && !/^no\b/i.test(structure.autoSubmitted),
  };
}

/** Oldest first; the last is what the message answers. RFC 5256 §3: In-Reply-To counts when there are no References. */
function referencesOf(structure: MessageStructure, messageId: string | undefined): string[] {
  const ids = structure.references === undefined ? [] : parseMessageIds(structure.references);
  const inReplyTo =
    structure.envelope.inReplyTo === undefined ? undefined : parseMessageIds(structure.envelope.inReplyTo)[0];
  // Where both differ, what it names belongs to the thread all the same.
  if (inReplyTo !== undefined && !ids.includes(inReplyTo)) ids.unshift(inReplyTo);
  const unique = [...new Set(ids)].filter((id) => id !== messageId);
  if (unique.length <= limits.threadReferences) return unique;
  return [unique[0]!, ...unique.slice(unique.length - limits.threadReferences + 1)];
}

/** 53 bits: an integer that JavaScript holds exactly, and a row id. */
function hashOf(text: string): number {
  const digest = hash('sha256', text, 'buffer');
  return digest.readUIntBE(0, 6) * 32 + (digest[6]! >> 3);
}
