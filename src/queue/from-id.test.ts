import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addFromId, fromIdOf } from './from-id.ts';

describe('an id of a message in its sender', () => {
  it('is added, and found again', () => {
    const address = addFromId('me@example.org', randomBytes);
    expect(address).toMatch(/^me\+[a-z2-7]{24}@example\.org$/);
    expect(fromIdOf(address.toUpperCase())).toBe(address.slice(3, 27));
    expect(addFromId('me@example.org', randomBytes)).not.toBe(address);
  });

  it.each(['me+shop@example.org', `${'x'.repeat(50)}@example.org`, '"a b"@example.org', 'nobody', ''])(
    'is not added to %j',
    (address) => {
      expect(addFromId(address, randomBytes)).toBe(address);
    },
  );

  it.each(['me@example.org', 'me+shop@example.org', `me+${'a'.repeat(25)}@example.org`, `+${'1'.repeat(24)}@x`, ''])(
    'is not found in %j',
    (address) => {
      expect(fromIdOf(address)).toBeUndefined();
    },
  );
});
