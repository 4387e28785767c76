import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { ResponseWriter } from './response-writer.ts';
import { writeNumbers } from './write-numbers.ts';

it.each([0, 1, 999, 1000, 1001, 50_000])('a response of %d numbers is what it is as text', (count) => {
  const socket = new PassThrough({ highWaterMark: 10_000_000 });
  const out = new ResponseWriter(socket, 1000);
  const numbers = Uint32Array.from({ length: count }, (_, at) => 2 ** (at % 33) - 1);
  out.write('* 1 EXISTS\r\n');
  writeNumbers(out, 'SORT', numbers, ' (MODSEQ 7)');
  out.send();
  const list = count === 0 ? '' : ` ${numbers.join(' ')}`;
  expect(socket.read().toString()).toBe(`* 1 EXISTS\r\n* SORT${list} (MODSEQ 7)\r\n`);
});
