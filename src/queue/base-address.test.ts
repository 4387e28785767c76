import { expect, it } from 'vitest';
import { baseAddress } from './base-address.ts';

it.each([
  ['Grace+Shop@Example.ORG', 'grace@example.org'],
  ['grace@example.org', 'grace@example.org'],
  ['anne-marie@example.org', 'anne-marie@example.org'],
  ['+all@example.org', '+all@example.org'],
  ['a+b+c@bücher.example', 'a@xn--bcher-kva.example'],
  ['JOSE\u0301@example.org', 'jos\u00e9@example.org'],
  ['me@[192.0.2.1]', 'me@[192.0.2.1]'],
  ['nobody', undefined],
  ['', undefined],
  ['a@b c', undefined],
])('the base of %s is %s', (address, base) => {
  expect(baseAddress(address)).toBe(base);
});
