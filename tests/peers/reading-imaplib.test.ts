import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMail } from './make-mail.ts';
import { runPeerOk } from './run-peer.ts';
import { type Localserve, me, ports, startLocalserve } from './start-localserve.ts';

let server: Localserve;

beforeAll(async () => {
  server = await startLocalserve();
});

afterAll(() => server[Symbol.asyncDispose]());

/** Prints what it finds, line by line. Its input is the message to append. */
const script = `
import imaplib, ssl, sys, time
host, port, way, user, password, certificate, mailbox = sys.argv[1:]
message = sys.stdin.buffer.read()
context = ssl.create_default_context(cafile=certificate)
# The certificate is for localhost, which is not where this server is.
context.check_hostname = False
client = imaplib.IMAP4_SSL(host, int(port), ssl_context=context) if way == 'implicit' else imaplib.IMAP4(host, int(port))
if way == 'starttls':
    client.starttls(context)

def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]

if way == 'none':
    ok(client.login(user, password))
else:
    ok(client.authenticate('PLAIN', lambda _: ('\\0%s\\0%s' % (user, password)).encode()))
name = '"' + mailbox + '"'
ok(client.create(name.encode()))
ok(client.append(name.encode(), '(\\\\Seen $Label)', imaplib.Time2Internaldate(time.time()), message))
assert ok(client.select(name.encode())) == [b'1']
fetched = ok(client.uid('FETCH', '1', '(FLAGS BODY.PEEK[])'))
assert fetched[0][1] == message
print(sorted(imaplib.ParseFlags(fetched[0][0] + b' ' + fetched[1])))
print(ok(client.search(None, 'KEYWORD', '$Label')))
ok(client.store('1', '+FLAGS', '(\\\\Flagged)'))
print(ok(client.search(None, 'FLAGGED', 'SEEN')))
print(ok(client.sort('(REVERSE DATE SUBJECT)', 'UTF-8', 'FLAGGED')))
print(ok(client.uid('SORT', '(FROM)', 'UTF-8', 'ALL')))
ok(client.copy('1', 'Archive'))
ok(client.store('1', '+FLAGS.SILENT', '(\\\\Deleted)'))
print(ok(client.expunge()))
ok(client.close())
ok(client.subscribe(name.encode()))
ok(client.rename(name.encode(), name[:-1].encode() + b' renamed"'))
print(len(ok(client.list('""', name[:-1].encode() + b' renamed"'))))
ok(client.unsubscribe(name.encode()))
print(ok(client.getquotaroot('INBOX'))[0])
ok(client.delete(name[:-1].encode() + b' renamed"'))
client.logout()
`;

describe('imaplib of Python', () => {
  it.each([
    { way: 'none', port: ports.imap },
    { way: 'starttls', port: ports.imap },
    { way: 'implicit', port: ports.imaps },
  ])('appends, fetches, searches, sorts, flags, copies, expunges, renames (TLS: $way)', async ({ way, port }) => {
    const { bytes } = makeMail({ eightBit: true });
    const args = [
      server.address,
      String(port),
      way,
      me.address,
      me.password,
      server.certificateFile,
      `K&AOQ-se ${way}`,
    ];
    expect((await runPeerOk('python3', ['-c', script, ...args], { input: bytes })).split('\n')).toEqual([
      "[b'$Label', b'\\\\Recent', b'\\\\Seen']",
      "[b'1']",
      "[b'1']",
      "[b'1']",
      "[b'1']",
      "[b'1']",
      '1',
      `[b'"INBOX"']`,
      '',
    ]);
  });
});
