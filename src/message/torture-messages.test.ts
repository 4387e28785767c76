import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { baseSubject } from './base-subject.ts';
import { decodeHeaderText } from './header-text.ts';
import { parameterValue } from './parameter-value.ts';
import { parseAddressList } from './parse-address-list.ts';
import { parseDate } from './parse-date.ts';
import { parseDsn } from './parse-dsn.ts';
import { findPreviewPart, previewText } from './preview.ts';
import { renderBodyStructure } from './render-body-structure.ts';
import { renderEnvelope } from './render-envelope.ts';
import type { MessagePart } from './structure.ts';
import { parseStructure } from './structure-parser.ts';
import { threadReferences } from './thread-references.ts';

const FOLDER = new URL('../../tests/data/messages/', import.meta.url);

function outline(part: MessagePart, depth: number): string[] {
  const file = parameterValue(part.disposition?.params ?? [], 'filename') ?? parameterValue(part.params, 'name');
  const line =
    `${'  '.repeat(depth)}${part.type}/${part.subtype} header ${part.headerStart}-${part.bodyStart} ` +
    `body ${part.bodyStart}-${part.bodyEnd} lines ${part.lines}${file === undefined ? '' : ` file ${file}`}`;
  const inside = part.message === undefined ? (part.children ?? []) : [part.message.root];
  return [line, ...inside.flatMap((child) => outline(child, depth + 1))];
}

/** Everything this folder finds out about a message, as text that a person can check. */
function describeMessage(bytes: Buffer): string {
  const structure = parseStructure(bytes);
  const { envelope } = structure;
  const preview = findPreviewPart(structure);
  const dsn = parseDsn(bytes, structure);
  const addresses = (value: string | undefined): string =>
    parseAddressList(value ?? '')
      .map(({ name, localpart, domain }) => `${name} <${localpart}@${domain}>`)
      .join('; ');
  const date = parseDate(envelope.date ?? '');
  const subject = decodeHeaderText(envelope.subject ?? '');
  return [
    ...outline(structure.root, 0),
    `from: ${addresses(envelope.from)}`,
    `to: ${addresses(envelope.to)}`,
    `cc: ${addresses(envelope.cc)}`,
    `subject: ${subject}`,
    `base subject: ${baseSubject(subject).base}`,
    `date: ${date === undefined ? 'none' : new Date(date.timestampMs).toISOString()}`,
    `references: ${threadReferences(structure).join(' ')}`,
    `preview: ${preview === undefined ? 'none' : previewText(preview, bytes.subarray(preview.bodyStart, preview.bodyEnd))}`,
    ...(dsn === undefined ? [] : [`notification: ${JSON.stringify(dsn)}`]),
    `envelope: ${JSON.stringify(renderEnvelope(structure))}`,
    `body structure: ${JSON.stringify(renderBodyStructure(structure, { extended: true }))}`,
    '',
  ].join('\n');
}

describe('messages as real programs send them', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.eml'));

  // Each `.txt` was checked by hand, and against Dovecot's ENVELOPE and BODYSTRUCTURE. Replace one only by hand.
  it.each(files)('%s is understood as the text beside it says', (name) => {
    const expected = readFileSync(new URL(name.replace('.eml', '.txt'), FOLDER), 'utf8');
    expect(describeMessage(readFileSync(new URL(name, FOLDER)))).toBe(expected);
  });
});
