import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FlagResponses, putNumber } from './flag-responses.ts';
import { recentBit } from './flag-text.ts';
import { ResponseWriter } from './response-writer.ts';

async function written(
  messages: number,
  what: { uidOnly: boolean; uid: boolean; flags: boolean; modseq: boolean },
): Promise<string> {
  const stream = new PassThrough();
  const out = new ResponseWriter(stream, 60_000);
  out.write('* OK before\r\n');
  const responses = new FlagResponses(out, messages, what);
  responses.write(1, { uid: 1, flagBits: 0, keywords: [], modseq: 1 });
  responses.write(12, { uid: 4_294_967_295, flagBits: 1023, keywords: [], modseq: Number.MAX_SAFE_INTEGER });
  responses.write(13, { uid: 1000, flagBits: 1, keywords: ['one', 'two'], modseq: 99 });
  responses.write(14, { uid: 1001, flagBits: 1, keywords: [], modseq: 1_000_000_000 });
  responses.write(15, { uid: 1002, flagBits: 1 | recentBit, keywords: [], modseq: 3 });
  responses.write(16, { uid: 1003, flagBits: recentBit, keywords: ['one'], modseq: 4 });
  out.write('a OK Done\r\n');
  await out.drain();
  return (stream.read() as Buffer).toString('latin1');
}

it('what is written as bytes is what is written as text', async () => {
  for (const uidOnly of [false, true]) {
    for (const uid of [false, true]) {
      for (const modseq of [false, true]) {
        for (const flags of [false, true]) {
          const what = { uidOnly, uid, flags, modseq };
          expect(await written(1000, what)).toBe(await written(1, what));
        }
      }
    }
  }
});

it('tells number, UID, flags and MODSEQ', async () => {
  expect((await written(1000, { uidOnly: false, uid: true, flags: true, modseq: true })).split('\r\n')).toEqual([
    '* OK before',
    '* 1 FETCH (UID 1 FLAGS () MODSEQ (1))',
    '* 12 FETCH (UID 4294967295 FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $Forwarded $Junk $NotJunk $Phishing $MDNSent) MODSEQ (9007199254740991))',
    '* 13 FETCH (UID 1000 FLAGS (\\Seen one two) MODSEQ (99))',
    '* 14 FETCH (UID 1001 FLAGS (\\Seen) MODSEQ (1000000000))',
    '* 15 FETCH (UID 1002 FLAGS (\\Seen \\Recent) MODSEQ (3))',
    '* 16 FETCH (UID 1003 FLAGS (\\Recent one) MODSEQ (4))',
    'a OK Done',
    '',
  ]);
});

it('puts numbers of all sizes in decimal', () => {
  const target = Buffer.alloc(20);
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat({ max: 1000 })), (number) => {
      expect(target.toString('latin1', 2, putNumber(number, target, 2))).toBe(String(number));
    }),
  );
  for (let power = 1; power < Number.MAX_SAFE_INTEGER; power *= 10) {
    for (const number of [power - 1, power, power + 1]) {
      expect(target.toString('latin1', 0, putNumber(number, target, 0))).toBe(String(number));
    }
  }
});
