import { describe, expect, it } from 'vitest';
import { ZoneResolver } from '../../dns/zone-fixture.ts';
import { receivedSpf } from './received-spf.ts';
import { type SpfRequest, verifySpf } from './verify-spf.ts';

const client = { ip: '192.0.2.7', helloName: 'mx.example.net', receiver: 'mail.example.org' };
const { signal } = new AbortController();

function request(resolver: ZoneResolver, changes: Partial<SpfRequest> = {}): SpfRequest {
  const mailFrom = { localpart: 'ada', domain: 'example.net' };
  return { ...client, resolver, mailFrom, now: 0, signal, ...changes };
}

describe('an SPF verdict', () => {
  it('is about the sender, or without one about the name of HELO', async () => {
    const resolver = new ZoneResolver();
    resolver.add('example.net', 'TXT', 'v=spf1 ip4:192.0.2.0/29 -all');
    resolver.add('mx.example.net', 'TXT', 'v=spf1 -all');
    expect(await verifySpf(request(resolver))).toMatchObject({
      result: 'pass',
      identity: 'mailfrom',
      domain: 'example.net',
    });
    expect(await verifySpf(request(resolver, { mailFrom: undefined }))).toMatchObject({
      result: 'fail',
      identity: 'helo',
      sender: 'postmaster@mx.example.net',
    });
    expect(await verifySpf(request(resolver, { mailFrom: undefined, helloName: '[192.0.2.7]' }))).toMatchObject({
      result: 'none',
    });
  });

  it('comes in time, whatever the DNS does', async () => {
    const resolver = new ZoneResolver();
    resolver.txt = (_name: string, asked?: AbortSignal) =>
      new Promise<never>((_, reject) => asked!.addEventListener('abort', () => reject(asked!.reason)));
    expect(await verifySpf(request(resolver, { timeoutMs: 20 }))).toMatchObject({ result: 'temperror' });
    const controller = new AbortController();
    const running = verifySpf(request(resolver, { signal: controller.signal }));
    controller.abort(new Error('stopping'));
    await expect(running).rejects.toThrow('stopping');
  });

  it('is written down so that no sender breaks out of the field', async () => {
    const resolver = new ZoneResolver();
    resolver.add('example.net', 'TXT', 'v=spf1 ip4:192.0.2.7 -all');
    const mailFrom = { localpart: 'a"; helo=forged\r\nX: y', domain: 'example.net' };
    const field = receivedSpf(await verifySpf(request(resolver, { mailFrom })), client);
    const unfolded = field.replaceAll('\r\n ', ' ');
    expect(unfolded).toMatch(/^Received-SPF: pass identity=mailfrom; client-ip=192\.0\.2\.7; envelope-from="/);
    expect(unfolded.trimEnd()).not.toMatch(/[\r\n]/);
    expect(unfolded.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')).toBe(
      'Received-SPF: pass identity=mailfrom; client-ip=192.0.2.7; envelope-from=""; helo=mx.example.net; receiver=mail.example.org; mechanism="";\r\n',
    );
  });
});
