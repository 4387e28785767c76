import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import dnsPacket from 'dns-packet';

/** Records by type as dns-packet takes them: `A: ['192.0.2.1']`, `MX: [{ preference: 10, exchange: 'mx.example' }]`. */
export interface ZoneNode {
  A?: string[];
  AAAA?: string[];
  CNAME?: string[];
  MX?: { preference: number; exchange: string }[];
  NS?: string[];
  PTR?: string[];
  TXT?: (string | string[])[];
  TLSA?: { usage: number; selector: number; matchingType: number; certificate: Buffer }[];
  SOA?: object[];
}

/** By name in lower case without final dot. A name that isn't there doesn't exist. */
export type Zone = Record<string, ZoneNode>;

export interface DnsQuery {
  name: string;
  type: string;
  transport: 'udp' | 'tcp';
  edns: boolean;
}

export type Misbehaviour =
  | 'servfail'
  | 'refused'
  | 'formerr'
  | 'truncate'
  | 'silence'
  | 'wrong-id'
  | 'wrong-question'
  | 'garbage';

const rcodes: Partial<Record<Misbehaviour, number>> = { formerr: 1, servfail: 2, refused: 5 };
const authoritative = 1 << 10;
const truncated = 1 << 9;

/** A small DNS server on loopback, UDP and TCP on the same port, that answers from an object and can be told to misbehave. */
export class DnsServer implements AsyncDisposable {
  /** May be changed while it runs. */
  zone: Zone;
  /** Names whose answers say that DNSSEC validated them. */
  authentic: (name: string) => boolean = () => false;
  /** Asked for each query; undefined answers it properly. */
  misbehave: (query: DnsQuery) => Misbehaviour | undefined = () => undefined;
  ttlSeconds = 300;
  /** All queries so far. */
  readonly queries: DnsQuery[] = [];
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();

  private constructor(zone: Zone, udp: UdpSocket, tcp: Server) {
    this.zone = zone;
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (bytes, peer) => {
      const reply = this.#reply(bytes, 'udp');
      if (reply) udp.send(reply, peer.port, peer.address);
    });
    tcp.on('connection', (socket) => this.#serve(socket));
  }

  static async start(zone: Zone): Promise<DnsServer> {
    for (let attempt = 0; ; attempt++) {
      const tcp = createServer();
      tcp.listen(0, '127.0.0.1');
      await once(tcp, 'listening');
      const udp = createSocket('udp4');
      try {
        udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1');
        await once(udp, 'listening');
        return new DnsServer(zone, udp, tcp);
      } catch (error) {
        // Another test has that port for UDP.
        tcp.close();
        if (attempt === 20) throw error;
      }
    }
  }

  /** As a resolver takes it: `127.0.0.1:12345`. */
  get address(): string {
    return `127.0.0.1:${(this.#tcp.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    this.#tcp.close();
    this.#udp.close();
    await once(this.#udp, 'close');
  }

  #serve(socket: Socket): void {
    this.#connections.add(socket);
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const reply = this.#reply(received.subarray(2, end), 'tcp');
        received = received.subarray(end);
        if (reply) socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 0xff]), reply]));
      }
    });
  }

  #reply(bytes: Buffer, transport: 'udp' | 'tcp'): Buffer | undefined {
    const request = dnsPacket.decode(bytes);
    const question = request.questions[0];
    if (!question) return undefined;
    const edns = request.additionals.some((record) => record.type === 'OPT');
    const query: DnsQuery = { name: question.name.toLowerCase(), type: question.type, transport, edns };
    this.queries.push(query);
    const misbehaviour = this.misbehave(query);
    if (misbehaviour === 'silence') return undefined;
    if (misbehaviour === 'garbage') return Buffer.from('this is no DNS message at all');
    const wrongId = misbehaviour === 'wrong-id' ? 1 : 0;
    const reply = { type: 'response' as const, id: request.id ^ wrongId, questions: [question] };
    if (misbehaviour === 'wrong-question') reply.questions = [{ ...question, name: `other.${question.name}` }];
    const rcode = misbehaviour && rcodes[misbehaviour];
    if (rcode !== undefined) return dnsPacket.encode({ ...reply, flags: rcode });
    if (misbehaviour === 'truncate' && transport === 'udp') return dnsPacket.encode({ ...reply, flags: truncated });
    return dnsPacket.encode({ ...reply, ...this.#answer(query) });
  }

  #answer(query: DnsQuery): Pick<dnsPacket.Packet, 'flags' | 'answers' | 'authorities'> {
    const answers: dnsPacket.Answer[] = [];
    let name = query.name;
    let node = this.zone[name];
    let isAuthentic = this.authentic(name);
    const add = (type: keyof ZoneNode): void => {
      for (const data of node?.[type] ?? []) answers.push({ name, type, ttl: this.ttlSeconds, data });
    };
    for (let aliases = 0; node?.CNAME && query.type !== 'CNAME' && aliases < 20; aliases++) {
      add('CNAME');
      name = node.CNAME[0]!.toLowerCase();
      node = this.zone[name];
      isAuthentic &&= this.authentic(name);
    }
    add(query.type as keyof ZoneNode);
    const found = answers.some((answer) => answer.type === query.type);
    const data = {
      mname: 'ns.test',
      rname: 'hostmaster.test',
      serial: 1,
      refresh: 1,
      retry: 1,
      expire: 1,
      minimum: 60,
    };
    return {
      flags: authoritative | (isAuthentic ? dnsPacket.AUTHENTIC_DATA : 0) | (node ? 0 : 3),
      answers,
      authorities: found ? [] : [{ name: 'test', type: 'SOA', ttl: this.ttlSeconds, data }],
    };
  }
}
