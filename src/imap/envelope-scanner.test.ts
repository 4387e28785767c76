import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddressItems } from '../message/parse-address-list.ts';
import { renderEnvelope } from '../message/render-envelope.ts';
import { EnvelopeScanner, envelopeFields } from './envelope-scanner.ts';

const text = fc.string({
  unit: fc.constantFrom('a', 'B', ' ', '"', '\\', '(', ')', 'é', '{', '}', 'NIL', '<', '>', '@', ',', ':', ';'),
});

describe('an envelope', () => {
  it('gives back the fields that it was rendered from', () => {
    fc.assert(
      fc.property(text, text, text, text, (subject, from, to, messageId) => {
        const envelope = renderEnvelope({ envelope: { subject, from, to, messageId } });
        expect(EnvelopeScanner.string(envelope, envelopeFields.subject)).toBe(subject);
        expect(EnvelopeScanner.string(envelope, envelopeFields['message-id'])).toBe(messageId);
        expect(EnvelopeScanner.string(envelope, envelopeFields.date)).toBeUndefined();
        expect(EnvelopeScanner.addresses(envelope, envelopeFields.from)).toHaveLength(parseAddressItems(from).length);
        expect(EnvelopeScanner.addresses(envelope, envelopeFields.to)).toHaveLength(parseAddressItems(to).length);
      }),
      { numRuns: 1000 },
    );
  });

  it('tells addresses and groups apart', () => {
    const envelope = renderEnvelope({ envelope: { to: 'Friends: "A, B" <a@x.org>, c@y.org;' } });
    expect(EnvelopeScanner.addresses(envelope, envelopeFields.to)).toEqual([
      { name: undefined, mailbox: 'Friends', host: undefined },
      { name: 'A, B', mailbox: 'a', host: 'x.org' },
      { name: undefined, mailbox: 'c', host: 'y.org' },
      { name: undefined, mailbox: undefined, host: undefined },
    ]);
  });
});
