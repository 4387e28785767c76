import { once } from 'node:events';
import { isIPv4, isIPv6, type Socket } from 'node:net';

/** A SOCKS 5 proxy. */
export interface SocksProxy {
  readonly host: string;
  readonly port: number;
  readonly login?: { readonly username: string; readonly password: string };
}

/** RFC 1928 §6. */
const failures = [
  'succeeded',
  'it has failed',
  'its rules forbid it',
  'the network is unreachable',
  'the host is unreachable',
  'the connection was refused',
  'the way is too long',
  'it does not connect',
  'it does not know this kind of address',
];

/**
 * Asks a SOCKS 5 proxy, over a connection to it, for one to a host. Names are looked up by the proxy. What the host sends first stays
 * in the socket. Whoever calls limits the time, by destroying the socket.
 * @param socket in paused mode, not read from yet
 * @param host an IP address or a name, at most 255 bytes
 * @throws Error that says what the proxy said; of the socket when it is destroyed
 * Source: RFC 1928, RFC 1929
 */
export async function socksConnect(
  socket: Socket,
  { login }: Pick<SocksProxy, 'login'>,
  host: string,
  port: number,
): Promise<void> {
  const answer = new Answer(socket);
  socket.write(login === undefined ? Buffer.from([5, 1, 0]) : Buffer.from([5, 2, 0, 2]));
  const [version, method] = await answer.read(2);
  if (version !== 5) throw new Error('the proxy does not speak SOCKS 5');
  if (method === 2 && login !== undefined) await logIn(socket, answer, login);
  else if (method !== 0) throw new Error('the proxy wants another login');
  socket.write(Buffer.concat([Buffer.from([5, 1, 0]), addressBytes(host), Buffer.from([port >> 8, port & 255])]));
  const [answered, reply = 1, , type] = await answer.read(4);
  if (answered !== 5) throw new Error('the proxy does not speak SOCKS 5');
  if (reply !== 0) throw new Error(`the proxy says: ${failures[reply] ?? `reply ${reply}`}`);
  // Where it connects from: nobody needs to know.
  await answer.read(await boundLength(answer, type));
  answer.giveBack();
}

/** RFC 1929 §2. */
async function logIn(
  socket: Socket,
  answer: Answer,
  { username, password }: NonNullable<SocksProxy['login']>,
): Promise<void> {
  socket.write(Buffer.concat([Buffer.from([1]), withLength(username), withLength(password)]));
  const [, status] = await answer.read(2);
  if (status !== 0) throw new Error('the proxy refuses the login');
}

/** RFC 1928 §5. */
function addressBytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([1, ...host.split('.').map(Number)]);
  if (!isIPv6(host)) return Buffer.concat([Buffer.from([3]), withLength(host)]);
  const [head = '', tail] = ipv6Groups(host).split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((hex) => Number.parseInt(hex, 16));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from([4, ...all.flatMap((group) => [group >> 8, group & 255])]);
}

/** With an IPv4 address at the end as two groups, and without a zone. */
function ipv6Groups(address: string): string {
  return address.replace(/%.*$/, '').replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length === 0 || bytes.length > 255) throw new Error('a name, login or password for the proxy is too long');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Of address and port. RFC 1928 §6. */
async function boundLength(answer: Answer, type: number | undefined): Promise<number> {
  if (type === 1) return 4 + 2;
  if (type === 4) return 16 + 2;
  if (type !== 3) throw new Error('the proxy does not speak SOCKS 5');
  const [length = 0] = await answer.read(1);
  return length + 2;
}

/** What the proxy says, and what comes after it. */
class Answer {
  readonly #socket: Socket;
  #held: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Exactly so many bytes. */
  async read(length: number): Promise<Buffer> {
    while (this.#held.length < length) {
      // All there is: a socket that keeps some says at once that it is readable again.
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk !== null) this.#held = Buffer.concat([this.#held, chunk]);
      else await this.#more();
    }
    const bytes = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return bytes;
  }

  /** Puts what was not read back into the socket. */
  giveBack(): void {
    if (this.#held.length > 0) this.#socket.unshift(this.#held);
  }

  async #more(): Promise<void> {
    const socket = this.#socket;
    if (socket.readableEnded || socket.destroyed) throw new Error('the proxy closed the connection');
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      await Promise.race(['readable', 'end', 'close'].map((event) => once(socket, event, { signal })));
    } finally {
      waiting.abort();
    }
  }
}
