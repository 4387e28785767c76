import type { ContentFacts } from './operations/add-messages.ts';

/** Columns of `contents` that say what a parse of the message has found, and nothing else. */
export interface FactsRow {
  message_id_hash: number | null;
  subject_hash: number | null;
  envelope: string;
  body_structure: string;
  message_id: string | null;
  subject: string;
  base_subject: string;
  from_localpart: string | null;
  from_domain: string | null;
  sent_at: number | null;
  is_mailing_list: number;
  is_automatic: number;
  is_dsn: number;
  structure: string;
}

export const factsColumns = [
  'message_id_hash',
  'subject_hash',
  'envelope',
  'body_structure',
  'message_id',
  'subject',
  'base_subject',
  'from_localpart',
  'from_domain',
  'sent_at',
  'is_mailing_list',
  'is_automatic',
  'is_dsn',
  'structure',
] as const satisfies readonly (keyof FactsRow)[];

export function rowOfFacts(facts: ContentFacts): FactsRow {
  return {
    message_id_hash: facts.messageIdHash,
    subject_hash: facts.subjectHash,
    envelope: facts.envelope,
    body_structure: facts.bodyStructure,
    message_id: facts.messageId,
    subject: facts.subject,
    base_subject: facts.baseSubject,
    from_localpart: facts.fromLocalpart,
    from_domain: facts.fromDomain,
    sent_at: facts.sentAt,
    is_mailing_list: facts.isMailingList ? 1 : 0,
    is_automatic: facts.isAutomatic ? 1 : 0,
    is_dsn: facts.isDsn ? 1 : 0,
    structure: facts.structure,
  };
}
