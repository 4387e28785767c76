import { expect, it } from 'vitest';
import { StructureParser } from '../message/structure-parser.ts';
import { limits } from '../runtime/limits.ts';
import { messageWords } from './message-words.ts';

function words(text: string): Set<string> {
  const bytes = Buffer.from(text.replaceAll('\n', '\r\n'));
  const parser = new StructureParser();
  parser.push(bytes);
  return messageWords(bytes, parser.finish());
}

it('takes words, pairs, hosts of links, and what the header says, each once', () => {
  const found = words(`From: "Big Deals" <win@deals.example>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= FREE money
Content-Type: text/plain; charset=utf-8

Get your FREE money now: https://www.shop.example/buy?x=1 — free!
`);
  for (const word of ['free', 'money', 'free money', 'get your', 'link:www.shop.example', 'link:shop.example']) {
    expect(found).toContain(word);
  }
  for (const word of ['subject:grüße', 'subject:free money', 'from:win@deals.example', 'from:big deals']) {
    expect(found).toContain(word);
  }
  expect(found).toContain('charset:utf-8');
  expect(found).not.toContain('x');
});

it('reads HTML as its reader sees it, encoded parts decoded, and names what is attached', () => {
  const found = words(`Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html
Content-Transfer-Encoding: base64

${Buffer.from('<style>hidden</style><p>cheap&nbsp;<b>watches</b> <a href="http://bad.example/">here</a>').toString('base64')}
--b
Content-Type: application/zip; name="invoice.ZIP"
Content-Disposition: attachment; filename="invoice.ZIP"

secret words
--b--
`);
  for (const word of ['cheap watches', 'link:bad.example', 'file:zip', 'part:application/zip']) {
    expect(found).toContain(word);
  }
  for (const word of ['hidden', 'secret', 'secret words']) expect(found).not.toContain(word);
});

it('takes each character of scripts without spaces for a word', () => {
  const found = words('Content-Type: text/plain; charset=utf-8\n\n免费 中奖了\n');
  for (const word of ['免', '免 费', '奖 了']) expect(found).toContain(word);
});

it('is limited, whatever the message', () => {
  const many = Array.from({ length: 20_000 }, (_, at) => `word${at}`).join(' ');
  expect(words(`Subject: x\n\n${many}\n`).size).toBe(limits.junkWords);
  const links = Array.from({ length: 500 }, (_, at) => `http://h${at}.example/`).join('\n');
  const found = words(`Subject: x\n\n${links}\n`);
  expect([...found].filter((word) => /^link:h\d/.test(word)).length).toBe(limits.junkLinks);
  expect(words(`Subject: x\n\n${'a'.repeat(100_000)}\n`)).toContain('long');
  expect(words(`${'='.repeat(70_000)}\n\n${'<'.repeat(70_000)}`).size).toBeLessThan(50);
});
