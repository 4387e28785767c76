import dnsPacket from 'dns-packet';
import { limits } from '../runtime/limits.ts';

export interface DnsQuestion {
  /** Normalized. */
  name: string;
  type: string;
}

export interface DnsRecord {
  /** Lower case, without final dot. */
  name: string;
  type: string;
  ttl: number;
  data: unknown;
}

export interface DnsResponse {
  rcode: string;
  truncated: boolean;
  authentic: boolean;
  answers: DnsRecord[];
  authorities: DnsRecord[];
}

/** No larger answers over UDP, so that none comes in fragments, which can be forged: DNS flag day 2020. */
const udpPayloadBytes = 1232;

/**
 * RD; AD asks for the resolver's verdict (RFC 6840 §5.7); EDNS(0) with DO for resolvers that tell it only then (RFC 3225).
 * @param edns false for servers that answer FORMERR to it
 */
export function encodeQuery(id: number, question: DnsQuestion, edns: boolean): Buffer {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: udpPayloadBytes, flags: dnsPacket.DNSSEC_OK, options: [] };
  return dnsPacket.encode({
    type: 'query',
    id,
    flags: dnsPacket.RECURSION_DESIRED | dnsPacket.AUTHENTIC_DATA,
    questions: [question],
    additionals: edns ? [opt] : [],
  });
}

/** @returns undefined for what isn't the answer to this query: damaged, forged or late */
export function decodeResponse(bytes: Buffer, id: number, question: DnsQuestion): DnsResponse | undefined {
  if (!mayBeDecoded(bytes) || bytes.readUInt16BE(0) !== id) return undefined;
  let packet: dnsPacket.DecodedPacket;
  try {
    packet = dnsPacket.decode(bytes);
  } catch {
    return undefined;
  }
  const asked = packet.questions[0];
  const matches =
    packet.type === 'response' &&
    packet.opcode === 'QUERY' &&
    packet.questions.length === 1 &&
    asked?.type === question.type &&
    asked.class === 'IN' &&
    asked.name.toLowerCase() === question.name;
  // FORMERR may come without the question: RFC 1035 §4.1.1 leaves it open.
  const formerr = packet.type === 'response' && packet.rcode === 'FORMERR' && packet.questions.length === 0;
  if (!matches && !formerr) return undefined;
  return {
    rcode: packet.rcode,
    truncated: packet.flag_tc,
    authentic: packet.flag_ad,
    answers: packet.answers.filter(isInternet).map(toRecord),
    authorities: packet.authorities.filter(isInternet).map(toRecord),
  };
}

// The decoder makes arrays of the sizes that the header names before it reads: they must fit the message and the limit.
function mayBeDecoded(bytes: Buffer): boolean {
  if (bytes.length < 12) return false;
  const questions = bytes.readUInt16BE(4);
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  return records <= limits.dnsRecords && 12 + questions * 5 + records * 11 <= bytes.length;
}

function isInternet(answer: dnsPacket.Answer): boolean {
  return answer.class === 'IN' && answer.type !== 'OPT';
}

function toRecord(answer: dnsPacket.Answer): DnsRecord {
  return { name: answer.name.toLowerCase(), type: answer.type, ttl: normalTtl(answer.ttl ?? 0), data: answer.data };
}

// RFC 2181 §8: a TTL with the top bit set is zero.
function normalTtl(ttl: number): number {
  return ttl > 0x7fffffff ? 0 : ttl;
}
