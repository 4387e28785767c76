import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { WireReader } from '../../src/runtime/wire-reader.ts';

/**
 * A server that plays its part of a transcript with the first connection it gets, for tests of clients. Lines of the transcript:
 * - `S: text` is sent as a line;
 * - `C: text` is expected as the next line;
 * - `TLS` does the server's side of a handshake;
 * - `CLOSE` ends the connection, `RESET` breaks it, `SILENCE` waits until the client closes.
 * At the end the connection is closed.
 */
export class ScriptedPeer implements AsyncDisposable {
  /** Rejects when the client didn't keep to the transcript. */
  readonly done: Promise<void>;
  readonly #server: Server;

  private constructor(server: Server, done: Promise<void>) {
    this.#server = server;
    this.done = done;
    // Tests that look at the client's error only don't wait for it.
    done.catch(() => {});
  }

  static async start(transcript: string, tls?: { certificate: string; key: string }): Promise<ScriptedPeer> {
    const server = createServer();
    const done = once(server, 'connection').then(([socket]) => play(socket as Socket, transcript, tls));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedPeer(server, done);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}

const patienceMs = 5_000;

async function play(socket: Socket, transcript: string, tls?: { certificate: string; key: string }): Promise<void> {
  let current = socket;
  let reader = read(socket);
  try {
    for (const step of transcript.split('\n').map((line) => line.trim())) {
      if (step === '' || step.startsWith('#')) continue;
      if (step.startsWith('S: ')) current.write(`${step.slice(3)}\r\n`);
      else if (step === 'C:' || step.startsWith('C: ')) {
        const line = (await reader.readLine(1_000_000, patienceMs)).toString();
        if (line !== `${step.slice(3)}\r\n`) throw new Error(`Expected ${step}, got ${JSON.stringify(line)}`);
      } else if (step === 'TLS') {
        reader.detach();
        current = new TLSSocket(socket, { isServer: true, cert: tls?.certificate, key: tls?.key });
        reader = read(current);
      } else if (step === 'RESET') return void socket.resetAndDestroy();
      else if (step === 'SILENCE') return void (await once(socket, 'close'));
      else if (step === 'CLOSE') return;
      else throw new Error(`Cannot play ${JSON.stringify(step)}`);
    }
  } finally {
    current.end();
    setTimeout(() => socket.destroy(), 100).unref();
  }
}

function read(socket: Socket): WireReader {
  socket.on('error', () => {});
  return new WireReader(socket);
}
