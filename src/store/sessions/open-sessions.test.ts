import { describe, expect, it } from 'vitest';
import { limits } from '../../runtime/limits.ts';
import { type OpenSession, OpenSessions } from './open-sessions.ts';

function session(given: Partial<OpenSession> = {}): OpenSession & { ended: string[] } {
  const ended: string[] = [];
  return {
    protocol: 'imap',
    account: 'anna',
    login: 'anna@here.example',
    mechanism: 'PLAIN',
    credential: undefined,
    remoteAddress: '198.51.100.1',
    look: () => ({ client: undefined, mailbox: undefined, state: 'waiting', receivedBytes: 1, sentBytes: 2 }),
    end: (reason) => ended.push(reason),
    ...given,
    ended,
  };
}

describe('open sessions', () => {
  it('end when their account may not be logged in to any more', () => {
    let allowed = true;
    const all = new OpenSessions({ clock: { now: () => 1000 }, mayLogIn: (account) => allowed || account === 'bert' });
    const [anna, bert] = [session(), session({ account: 'bert' })];
    all.open(anna, all.mark());
    all.open(bert, all.mark());
    allowed = false;
    all.endDisallowed();
    expect([anna.ended, bert.ended]).toEqual([['account'], []]);
    expect(() => all.open(session(), all.mark())).toThrow('has just changed');
  });

  it('are counted for each protocol, and closing one twice counts once', () => {
    const all = new OpenSessions({ clock: { now: () => 1000 }, sessionsPerAccount: 2 });
    const close = all.open(session(), all.mark());
    all.open(session(), all.mark());
    all.open(session({ protocol: 'submission' }), all.mark());
    expect(() => all.open(session(), all.mark())).toThrow('account "anna" has 2 open');
    close();
    close();
    all.open(session(), all.mark());
    expect(() => all.open(session(), all.mark())).toThrow('account "anna" has 2 open');
  });

  it('do not begin by what was revoked since their login began, however long ago', () => {
    const all = new OpenSessions({ clock: { now: () => 1000 } });
    const before = all.mark();
    all.revoke('anna', 'app:1');
    const phone = { id: 'app:1', name: 'phone' };
    expect(() => all.open(session({ credential: phone }), before)).toThrow('has just changed');
    all.open(session({ credential: phone }), all.mark());
    all.open(session(), before);
    all.open(session({ account: 'bert' }), before);
    for (let at = 0; at < limits.rememberedRevocations; at++) all.revoke('carl', undefined);
    expect(() => all.open(session({ account: 'bert' }), before)).toThrow('has just changed');
    all.open(session({ account: 'bert' }), all.mark());
  });
});
