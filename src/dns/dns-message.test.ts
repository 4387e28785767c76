import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeResponse, encodeQuery } from './dns-message.ts';

const question = { name: 'example.org', type: 'MX' };
const good = dnsPacket.encode({
  type: 'response',
  id: 7,
  flags: dnsPacket.AUTHENTIC_DATA,
  questions: [{ name: 'Example.ORG', type: 'MX' }],
  answers: [{ name: 'example.org', type: 'MX', ttl: 60, data: { preference: 10, exchange: 'mx.example.org' } }],
  additionals: [{ name: '.', type: 'OPT', udpPayloadSize: 1232, flags: 0, options: [] }],
});

describe('encodeQuery', () => {
  it('asks recursively, with EDNS, DO and AD', () => {
    const packet = dnsPacket.decode(encodeQuery(513, question, true));
    expect(packet).toMatchObject({
      id: 513,
      type: 'query',
      flag_rd: true,
      flag_ad: true,
      questions: [{ name: 'example.org', type: 'MX', class: 'IN' }],
      additionals: [{ type: 'OPT', udpPayloadSize: 1232, flag_do: true }],
    });
    expect(dnsPacket.decode(encodeQuery(513, question, false)).additionals).toEqual([]);
  });
});

describe('decodeResponse', () => {
  it('reads the records and flags of an answer to the question, whose case does not count', () => {
    expect(decodeResponse(good, 7, question)).toEqual({
      rcode: 'NOERROR',
      truncated: false,
      authentic: true,
      answers: [{ name: 'example.org', type: 'MX', ttl: 60, data: { preference: 10, exchange: 'mx.example.org' } }],
      authorities: [],
    });
  });

  it('ignores answers with another id or question, and queries', () => {
    expect(decodeResponse(good, 8, question)).toBeUndefined();
    expect(decodeResponse(good, 7, { ...question, name: 'example.com' })).toBeUndefined();
    expect(decodeResponse(good, 7, { ...question, type: 'A' })).toBeUndefined();
    expect(decodeResponse(encodeQuery(7, question, true), 7, question)).toBeUndefined();
  });

  it('does not believe counts that the message is too short for', () => {
    const lying = Buffer.from(good);
    lying.writeUInt16BE(0xffff, 6);
    expect(decodeResponse(lying, 7, question)).toBeUndefined();
  });

  it('never throws, whatever comes', () => {
    const damaged = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .chain((changes) => fc.nat(good.length).map((length) => ({ changes, length })))
      .map(({ changes, length }) => {
        const bytes = Buffer.from(good);
        // The id stays, so that all else is looked at.
        for (const [at, value] of changes) if (at > 3) bytes[at] = value;
        return bytes.subarray(0, length);
      });
    const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([good.subarray(0, 4), bytes]));
    fc.assert(
      fc.property(fc.oneof(damaged, anything), (bytes) => {
        const response = decodeResponse(bytes, 7, question);
        if (response) expect(response.answers.length).toBeLessThan(20);
      }),
      { numRuns: 1000 },
    );
  });
});
