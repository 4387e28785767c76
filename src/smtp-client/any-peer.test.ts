import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../runtime/log.ts';
import { WireReader } from '../runtime/wire-reader.ts';
import { connectSmtp } from './connect-smtp.ts';
import type { PeerReply } from './peer-reply.ts';
import { SmtpSessionError } from './session-error.ts';

type Answer = number | 'garbage' | 'close';

/** A server that gives the answers in turn, whatever the commands are, and keeps what it accepted. */
class WhimsicalServer {
  readonly accepted: string[][] = [];
  readonly #answers: Answer[];

  constructor(answers: Answer[]) {
    this.#answers = [...answers];
  }

  async serve(socket: Socket, pipelining: boolean): Promise<void> {
    socket.on('error', () => {});
    const reader = new WireReader(socket);
    const line = async () => (await reader.readLine(10_000, 2_000)).toString().trimEnd();
    socket.write('220 mx\r\n');
    await line();
    socket.write(pipelining ? '250-mx\r\n250 PIPELINING\r\n' : '250 mx\r\n');
    let recipients: string[] = [];
    for (;;) {
      const command = await line();
      if (command === 'QUIT') return void socket.end();
      const answer = this.#answers.shift() ?? 250;
      if (command === 'RSET' || command.startsWith('MAIL')) recipients = [];
      if (command.startsWith('RCPT') && isPositive(answer)) recipients.push(command.slice('RCPT TO:<'.length, -1));
      if (command === 'DATA' && answer === 354) {
        socket.write('354 go on\r\n');
        let content = '';
        for (let text = await line(); text !== '.'; text = await line()) content += text;
        const verdict = this.#answers.shift() ?? 250;
        if (isPositive(verdict) && content === 'whole') this.accepted.push(recipients);
        recipients = [];
        if (!answerWith(socket, verdict)) return;
      } else if (!answerWith(socket, answer)) return;
    }
  }
}

function answerWith(socket: Socket, answer: Answer): boolean {
  if (answer === 'close') socket.destroy();
  else socket.write(answer === 'garbage' ? 'what?\r\n' : `${answer} said\r\n`);
  return answer !== 'close';
}

function isPositive(answer: Answer): boolean {
  return typeof answer === 'number' && answer >= 200 && answer < 300;
}

describe('SmtpSession with a server that answers anything', () => {
  it('takes for accepted just what the server accepted, and ends in a reply for each recipient or a session error', async () => {
    const answer = fc.constantFrom<Answer>(250, 250, 250, 251, 354, 354, 354, 421, 450, 550, 503, 'garbage', 'close');
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { maxLength: 14 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        async (answers, pipelining, count) => {
          const whimsical = new WhimsicalServer(answers);
          const server = createServer((socket) => {
            whimsical.serve(socket, pipelining).catch(() => socket.destroy());
          });
          server.listen(0, '127.0.0.1');
          await once(server, 'listening');
          const { port } = server.address() as AddressInfo;
          const session = await connectSmtp(
            { host: 'mx', address: '127.0.0.1', port, tls: 'none' },
            { helloName: 'me', log: silentLog },
          );
          const addresses = Array.from({ length: count }, (_, at) => `r${at}@example.org`);
          const believed: string[][] = [];
          try {
            for (let message = 0; message < 2; message++) {
              const replies: readonly PeerReply[] = await session.send({
                sender: 'me@example.com',
                recipients: addresses.map((address) => ({ address, notify: undefined, orcpt: undefined })),
                ret: undefined,
                envid: undefined,
                smtputf8: false,
                body: '7BIT',
                requireTls: false,
                sizeBytes: 7,
                content: () => [Buffer.from('whole\r\n')],
              });
              expect(replies).toHaveLength(count);
              for (const reply of replies) expect([2, 4, 5]).toContain(Math.floor(reply.code / 100));
              const accepted = addresses.filter((_, at) => replies[at]!.code < 300);
              if (accepted.length > 0) believed.push(accepted);
            }
            expect(believed).toEqual(whimsical.accepted);
          } catch (error) {
            expect(error).toBeInstanceOf(SmtpSessionError);
            // What is believed is true; more may be accepted only where the error says so.
            const { mayHaveAccepted } = error as SmtpSessionError;
            expect(believed).toEqual(whimsical.accepted.slice(0, believed.length));
            expect(whimsical.accepted.length - believed.length).toBeLessThanOrEqual(mayHaveAccepted ? 1 : 0);
          } finally {
            await session.close();
            server.close();
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
