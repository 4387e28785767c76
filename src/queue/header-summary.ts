import { headerValues, splitHeader } from '../message/header-fields.ts';

const subjectLength = 200;
const messageIdLength = 300;

/** What `queue list` shows of a message. The subject is as it stands in the header: RFC 2047 encoded words are not decoded. */
export function headerSummary(header: Buffer): { subject: string; messageIdHeader: string } {
  const text = header.toString('latin1');
  const fields = splitHeader(text);
  const first = (name: string): string => headerValues(text, fields, name)[0] ?? '';
  const unicode = (value: string): string => Buffer.from(value, 'latin1').toString();
  return {
    subject: unicode(first('subject')).slice(0, subjectLength),
    messageIdHeader: unicode(first('message-id')).replace(/^<|>$/g, '').slice(0, messageIdLength),
  };
}
