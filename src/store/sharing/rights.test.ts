import { describe, expect, it } from 'vitest';
import { allRights, changeRights, effectiveRights, formatRights, parseRights } from './rights.ts';

const me = { name: 'me', createdAt: 5 };

describe('rights', () => {
  it('are read in any order, with what RFC 2086 called c and d', () => {
    expect(parseRights('rl')).toBe('lr');
    expect(parseRights('lrswicda')).toBe('lrswikxtea');
    expect(parseRights('ddd')).toBe('te');
    expect(parseRights('')).toBe('');
    for (const unknown of ['q', 'lrQ', 'L', '1', 'l r', '-l']) expect(parseRights(unknown)).toBeUndefined();
  });

  it('are written with c and d when any of what these stand for is granted', () => {
    expect(formatRights('lr')).toBe('lr');
    expect(formatRights('k')).toBe('kc');
    expect(formatRights('xe')).toBe('xecd');
    expect(formatRights(allRights)).toBe('lrswipkxteacd');
  });

  it('are added, removed and replaced', () => {
    expect(changeRights('lr', { mode: 'add', rights: 'lw' })).toBe('lrw');
    expect(changeRights('lrw', { mode: 'remove', rights: 'rx' })).toBe('lw');
    expect(changeRights('lrw', { mode: 'replace', rights: 'a' })).toBe('a');
  });

  it('are those granted to the user and to everyone, without what is taken from either', () => {
    const entries = [
      { identifier: 'anyone', accountCreatedAt: 0, rights: 'lr' },
      { identifier: 'me', accountCreatedAt: 5, rights: 'sw' },
      { identifier: 'you', accountCreatedAt: 5, rights: 'a' },
      { identifier: '-me', accountCreatedAt: 5, rights: 'w' },
    ];
    expect(effectiveRights(entries, me)).toBe('lrs');
    expect(effectiveRights(entries, { name: 'other', createdAt: 1 })).toBe('lr');
    expect(effectiveRights([...entries, { identifier: '-anyone', accountCreatedAt: 0, rights: 'r' }], me)).toBe('ls');
  });

  it('are not those of an account that had the name before', () => {
    const entries = [{ identifier: 'me', accountCreatedAt: 4, rights: 'lr' }];
    expect(effectiveRights(entries, me)).toBe('');
  });
});
