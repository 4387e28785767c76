// What is used of dns-packet, which has no types of its own.
declare module 'dns-packet' {
  namespace dnsPacket {
    interface Question {
      type: string;
      name: string;
      class?: string;
    }
    interface Answer {
      type: string;
      name: string;
      class?: string;
      ttl?: number;
      data?: unknown;
      udpPayloadSize?: number;
      flags?: number;
      options?: unknown[];
    }
    interface Packet {
      type?: 'query' | 'response';
      id?: number;
      flags?: number;
      questions?: Question[];
      answers?: Answer[];
      authorities?: Answer[];
      additionals?: Answer[];
    }
    interface DecodedPacket extends Required<Packet> {
      opcode: string;
      rcode: string;
      flag_tc: boolean;
      flag_ad: boolean;
    }
    function encode(packet: Packet): Buffer;
    function decode(bytes: Buffer): DecodedPacket;
    const RECURSION_DESIRED: number;
    const AUTHENTIC_DATA: number;
    const DNSSEC_OK: number;
  }
  export = dnsPacket;
}
