import { expect, it } from 'vitest';
import { messageOrigins, type OriginFacts } from './message-origins.ts';

const facts: OriginFacts = {
  fromLocalpart: 'Ada',
  fromDomain: 'mail.Example.net',
  validation: {
    hello: 'none',
    mailFrom: 'spf',
    from: 'dmarc',
    organisation: 'example.net',
    dkimDomains: ['example.net', 'esp.example'],
  },
  mailFromDomain: 'bounces.example.net',
  helloName: 'mx.example.net',
  remoteAddress: '192.0.2.77',
  isForward: false,
};
const origins = (more: Partial<OriginFacts>) => Object.fromEntries(messageOrigins({ ...facts, ...more }));

it('names what was shown, in one form', () => {
  expect(origins({})).toEqual({
    author: ['author ada@mail.example.net'],
    domain: ['domain mail.example.net'],
    organisation: ['organisation example.net'],
    signature: ['signature example.net', 'signature esp.example'],
    envelope: ['envelope bounces.example.net'],
    address: ['address 4:32:c000024d'],
    network: ['network 4:26:c0000240'],
    wideNetwork: ['wideNetwork 4:21:c00000'],
  });
});

it('leaves out what anybody could have written', () => {
  const validation = { hello: 'none', mailFrom: 'none', from: 'none', dkimDomains: [] } as const;
  expect(Object.keys(origins({ validation }))).toEqual(['address', 'network', 'wideNetwork']);
  const hello = { ...validation, hello: 'spf' } as const;
  expect(origins({ validation: hello, mailFromDomain: '' }).envelope).toEqual(['envelope mx.example.net']);
});

it('leaves out the server that passed the message on', () => {
  expect(Object.keys(origins({ isForward: true }))).toEqual(['author', 'domain', 'organisation', 'signature']);
});
