import { expect, it } from 'vitest';
import { bounceKind } from './bounce-kind.ts';

it.each([
  [550, '5.1.1', 'mx.example', 'hard'],
  [556, '5.1.10', undefined, 'hard'],
  [551, '5.1.6', 'mx.example', 'hard'],
  [450, '4.1.1', 'mx.example', 'soft'],
  [550, '5.1.2', undefined, 'soft'],
  [552, '5.2.2', 'mx.example', 'soft'],
  [550, '5.0.0', 'mx.example', 'soft'],
  [451, '4.4.1', undefined, 'soft'],
  [554, '5.0.0', undefined, undefined],
  [550, '5.7.1', 'mx.example', undefined],
  [552, '5.3.4', 'mx.example', undefined],
  [554, '5.6.0', 'mx.example', undefined],
  [451, '4.3.5', undefined, undefined],
  [250, '2.1.5', 'mx.example', undefined],
])('%i %s of %s is %s', (code, enhanced, host, kind) => {
  expect(bounceKind({ code, enhanced, text: '', ...(host === undefined ? {} : { host }) })).toBe(kind);
});
