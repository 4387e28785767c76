import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { limits } from '../runtime/limits.ts';
import { type DnsQuestion, type DnsResponse, decodeResponse, encodeQuery } from './dns-message.ts';
import type { ServerAddress } from './server-address.ts';

/**
 * Asks one server, over UDP and, when the answer is too long for that, TCP. Each query has its own random id and port.
 * @throws Error when no usable answer comes in time
 */
export async function exchange(server: ServerAddress, question: DnsQuestion, timeoutMs: number): Promise<DnsResponse> {
  const response = await exchangeOverUdp(server, question, timeoutMs, true);
  if (response?.rcode === 'FORMERR' || response?.rcode === 'NOTIMP') {
    // RFC 6891 §7: servers without EDNS.
    const plain = await exchangeOverUdp(server, question, timeoutMs, false);
    if (plain && !plain.truncated) return plain;
    return exchangeOverTcp(server, question, timeoutMs, false);
  }
  if (response && !response.truncated) return response;
  return exchangeOverTcp(server, question, timeoutMs, true);
}

/** @returns undefined when TCP should be tried: too many stray packets */
function exchangeOverUdp(
  server: ServerAddress,
  question: DnsQuestion,
  timeoutMs: number,
  edns: boolean,
): Promise<DnsResponse | undefined> {
  return new Promise((resolve, reject) => {
    const id = randomInt(0x10000);
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    const settle = (settled: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settled();
    };
    const timer = setTimeout(() => settle(() => reject(noAnswer(server, timeoutMs))), timeoutMs);
    let strays = 0;
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('message', (bytes) => {
      const response = decodeResponse(bytes, id, question);
      if (response || ++strays > limits.dnsStrayPackets) settle(() => resolve(response));
    });
    // A connected socket takes packets only from the server, and hears that nobody is there.
    socket.connect(server.port, server.address, (error?: Error) => {
      if (error) settle(() => reject(error));
      else socket.send(encodeQuery(id, question, edns));
    });
  });
}

/** RFC 7766: length before each message. */
function exchangeOverTcp(
  server: ServerAddress,
  question: DnsQuestion,
  timeoutMs: number,
  edns: boolean,
): Promise<DnsResponse> {
  return new Promise((resolve, reject) => {
    const id = randomInt(0x10000);
    const query = encodeQuery(id, question, edns);
    const socket = connect(server.port, server.address);
    const chunks: Buffer[] = [];
    let received = 0;
    const settle = (settled: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settled();
    };
    const timer = setTimeout(() => settle(() => reject(noAnswer(server, timeoutMs))), timeoutMs);
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('close', () => settle(() => reject(new Error(`DNS server ${server.address} closed the connection`))));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 2) return;
      // At most 64 KiB and a chunk, as the length has two bytes.
      const length = (chunks[0]!.length >= 2 ? chunks[0]! : Buffer.concat(chunks)).readUInt16BE(0);
      if (received < length + 2) return;
      const response = decodeResponse(Buffer.concat(chunks).subarray(2, length + 2), id, question);
      settle(() => (response ? resolve(response) : reject(new Error(`DNS server ${server.address} sent garbage`))));
    });
    socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 0xff]), query]));
  });
}

function noAnswer(server: ServerAddress, timeoutMs: number): Error {
  return new Error(`DNS server ${server.address} did not answer within ${timeoutMs} ms`);
}
