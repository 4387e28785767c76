import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapTestClient } from '../../../tests/harness/imap-client.ts';
import { type ImapFixture, startImapFixture } from '../../../tests/harness/imap-fixture.ts';

let server: ImapFixture;
beforeAll(async () => {
  server = await startImapFixture();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Two accounts of a test's own, each with a client that is logged in. */
async function pair(name: string): Promise<{ owner: ImapTestClient; guest: ImapTestClient }> {
  const owner = await server.login(`${name}-owner`);
  const guest = await server.login(`${name}-guest`);
  await owner.ok('CREATE Projects');
  return { owner, guest };
}

describe('access control lists', () => {
  it('are told of in CAPABILITY, with the rights that RFC 2086 does not have (RFC 4314 §2, §2.2)', async () => {
    const client = await server.login('capable');
    const [line] = await client.ok('CAPABILITY');
    expect(line!.split(' ')).toEqual(expect.arrayContaining(['ACL', 'RIGHTS=kxte', 'LIST-MYRIGHTS']));
  });

  it('are set, added to, taken from and deleted (§3.1, §3.2, §3.3)', async () => {
    const { owner } = await pair('set');
    await owner.play(`
      C: a GETACL Projects
      S: * ACL "Projects" set-owner lrswipkxteacd
      S: a OK Done
      C: b SETACL Projects set-guest lr
      S: b OK Done
      C: c SETACL Projects set-guest +ws
      S: c OK Done
      C: d SETACL Projects set-guest -r
      S: d OK Done
      C: e SETACL Projects anyone l
      S: e OK Done
      C: f SETACL Projects -set-guest w
      S: f OK Done
      C: g GETACL Projects
      S: * ACL "Projects" set-owner lrswipkxteacd -set-guest w anyone l set-guest lsw
      S: g OK Done
      C: h SETACL Projects anyone ""
      S: h OK Done
      C: i DELETEACL Projects -set-guest
      S: i OK Done
      C: j DELETEACL Projects set-guest
      S: j OK Done
      C: k GETACL projects
      S: k NO [NONEXISTENT] …
      C: l GETACL Projects
      S: * ACL "Projects" set-owner lrswipkxteacd
      S: l OK Done
    `);
  });

  it('are BAD with a right that is not known, and change nothing (§3.1)', async () => {
    const { owner } = await pair('bad');
    await owner.play(`
      C: a SETACL Projects bad-guest lrQswicda
      S: a BAD Unknown right
      C: b SETACL Projects bad-guest lrqswicda
      S: b BAD Unknown right
      C: c SETACL Projects bad-guest +0
      S: c BAD Unknown right
      C: d SETACL Projects "" lr
      S: d BAD That is no identifier
      C: e SETACL Projects "a\x00" lr
      S: e BAD …
      C: f SETACL Projects - lr
      S: f BAD That is no identifier
      C: g SETACL Projects somebody lr
      S: g NO There is no account of that name
      C: h SETACL Projects ../bad-guest lr
      S: h NO There is no account of that name
      C: i GETACL Projects
      S: * ACL "Projects" bad-owner lrswipkxteacd
      S: i OK Done
    `);
  });

  it('take "d" and "c" for what they stand for, and tell them where a part of that is granted (§2.1.1)', async () => {
    const { owner, guest } = await pair('virtual');
    await owner.play(`
      C: a SETACL Projects virtual-guest lrswida
      S: a OK Done
      C: b GETACL Projects
      S: * ACL "Projects" virtual-owner lrswipkxteacd virtual-guest lrswitead
      S: b OK Done
      C: c SETACL Projects virtual-guest lrswicda
      S: c OK Done
    `);
    await guest.play(`
      C: a MYRIGHTS "Other Users/virtual-owner/Projects"
      S: * MYRIGHTS "Other Users/virtual-owner/Projects" lrswikxteacd
      S: a OK Done
    `);
    await owner.ok('SETACL Projects virtual-guest lrx');
    await guest.play(`
      C: b MYRIGHTS "Other Users/virtual-owner/Projects"
      S: * MYRIGHTS "Other Users/virtual-owner/Projects" lrxc
      S: b OK Done
    `);
  });

  it('list each right once, the owner as having all (§3.4, §3.7)', async () => {
    const { owner } = await pair('list');
    await owner.play(`
      C: a LISTRIGHTS Projects list-guest
      S: * LISTRIGHTS "Projects" list-guest "" l r s w i p k x t e a c d
      S: a OK Done
      C: b LISTRIGHTS Projects "list-guest"
      S: * LISTRIGHTS "Projects" list-guest "" l r s w i p k x t e a c d
      S: b OK Done
      C: c LISTRIGHTS Projects list-owner
      S: * LISTRIGHTS "Projects" list-owner lrswipkxteacd
      S: c OK Done
      C: d LISTRIGHTS Projects -anyone
      S: * LISTRIGHTS "Projects" -anyone "" l r s w i p k x t e a c d
      S: d OK Done
      C: e LISTRIGHTS Projects somebody
      S: e NO There is no account of that name
    `);
  });

  it('leave the owner all rights', async () => {
    const { owner } = await pair('keep');
    await owner.play(`
      C: a SETACL Projects keep-owner lrswipkxtea
      S: a OK Done
      C: b SETACL Projects keep-owner lr
      S: b NO [CANNOT] The owner has all rights always
      C: c SETACL Projects -keep-owner +r
      S: c NO [CANNOT] The owner has all rights always
      C: d DELETEACL Projects keep-owner
      S: d NO [CANNOT] The owner has all rights always
      C: e SETACL Projects -anyone lrswipkxtea
      S: e OK Done
      C: f MYRIGHTS Projects
      S: * MYRIGHTS "Projects" lrswipkxteacd
      S: f OK Done
    `);
  });

  it('are for whoever has "a"; others are not told more than LIST tells them (§4, §6)', async () => {
    const { owner, guest } = await pair('admin');
    const name = '"Other Users/admin-owner/Projects"';
    for (const command of [
      `GETACL ${name}`,
      `MYRIGHTS ${name}`,
      `SETACL ${name} anyone lr`,
      `LISTRIGHTS ${name} anyone`,
    ]) {
      const missing = await guest.command(command.replace('Projects', 'Missing'));
      expect(await guest.command(command)).toEqual(missing);
      expect(missing.tagged).toBe('NO [NONEXISTENT] There is no such mailbox');
      expect((await guest.command(command.replace('admin-owner', 'nobody-at-all'))).tagged).toBe(missing.tagged);
    }
    await owner.ok('SETACL Projects admin-guest l');
    await guest.play(`
      C: a GETACL ${name}
      S: a NO [NOPERM] Its owner does not allow that to you
      C: b SETACL ${name} admin-guest +a
      S: b NO [NOPERM] …
      C: c DELETEACL ${name} admin-guest
      S: c NO [NOPERM] …
      C: d LISTRIGHTS ${name} admin-guest
      S: d NO [NOPERM] …
      C: e MYRIGHTS ${name}
      S: * MYRIGHTS ${name} l
      S: e OK Done
    `);
    await owner.ok('SETACL Projects admin-guest la');
    await guest.play(`
      C: a SETACL ${name} admin-guest +r
      S: a OK Done
      C: b GETACL ${name}
      S: * ACL ${name} admin-owner lrswipkxteacd admin-guest lra
      S: b OK Done
    `);
    // "w" alone is none of the rights that MYRIGHTS needs.
    await owner.ok('SETACL Projects admin-guest w');
    expect((await guest.command(`MYRIGHTS ${name}`)).tagged).toBe('NO [NONEXISTENT] There is no such mailbox');
    await owner.ok('SETACL Projects admin-guest i');
    expect(await guest.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} i`]);
  });

  it('take rights away from whom they name after "-" (§2)', async () => {
    const { owner, guest } = await pair('minus');
    const third = await server.login('minus-third');
    await owner.ok('SETACL Projects anyone lrw');
    await owner.ok('SETACL Projects -minus-guest w');
    const name = '"Other Users/minus-owner/Projects"';
    expect(await guest.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} lr`]);
    expect(await third.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} lrw`]);
    // RFC 4314 §3.2: DELETEACL of one does not touch the other.
    await owner.ok('SETACL Projects minus-guest w');
    await owner.ok('DELETEACL Projects minus-guest');
    expect(await guest.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} lr`]);
  });

  it('are executed before what follows in a pipeline (§5.1.1)', async () => {
    const { owner } = await pair('pipeline');
    owner.send(
      'a SETACL Projects pipeline-guest lr\r\nb GETACL Projects\r\nc DELETEACL Projects pipeline-guest\r\nd GETACL Projects\r\n',
    );
    await owner.play(`
      S: a OK Done
      S: * ACL "Projects" pipeline-owner lrswipkxteacd pipeline-guest lr
      S: b OK Done
      S: c OK Done
      S: * ACL "Projects" pipeline-owner lrswipkxteacd
      S: d OK Done
    `);
  });

  it('pass to mailboxes made below, stay with one that is renamed, and go with one that is deleted (§4)', async () => {
    const { owner, guest } = await pair('inherit');
    const prefix = 'Other Users/inherit-owner';
    await owner.ok('SETACL Projects inherit-guest lr');
    await owner.ok('CREATE Projects/a/b');
    expect(await guest.ok(`MYRIGHTS "${prefix}/Projects/a/b"`)).toHaveLength(1);
    await owner.ok('RENAME Projects/a Elsewhere');
    expect(await guest.ok(`MYRIGHTS "${prefix}/Elsewhere/b"`)).toEqual([`* MYRIGHTS "${prefix}/Elsewhere/b" lr`]);
    await owner.ok('DELETE Elsewhere/b');
    await owner.ok('DELETE Elsewhere');
    await owner.ok('CREATE Elsewhere');
    expect((await guest.command(`MYRIGHTS "${prefix}/Elsewhere"`)).tagged).toMatch(/^NO \[NONEXISTENT\]/);
  });

  it('do not know an account that is made anew under a name that was in them', async () => {
    const { owner, guest } = await pair('anew');
    await owner.ok('SETACL Projects anew-guest lrswipkxtea');
    const name = '"Other Users/anew-owner/Projects"';
    await guest.ok(`MYRIGHTS ${name}`);
    await guest.ok('LOGOUT');
    await guest.closed();
    await expect
      .poll(() =>
        server.accounts.remove('anew-guest').then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    expect(await owner.ok('GETACL Projects')).toEqual(['* ACL "Projects" anew-owner lrswipkxteacd']);
    const later = await server.login('anew-guest');
    expect((await later.command(`MYRIGHTS ${name}`)).tagged).toMatch(/^NO \[NONEXISTENT\]/);
    expect(await later.ok('LIST "" *')).not.toContainEqual(expect.stringContaining('anew-owner'));
    expect(await owner.ok('GETACL Projects')).toEqual(['* ACL "Projects" anew-owner lrswipkxteacd']);
    await owner.ok('SETACL Projects anew-guest +r');
    expect(await later.ok(`MYRIGHTS ${name}`)).toEqual([`* MYRIGHTS ${name} r`]);
  });
});
