import { createHash } from 'node:crypto';

const words =
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all her would there their will when who him been has more if no out do so can what up said about other into than its time only could new them man some these then two first may any like now my such make over our even most me state after also made many did must before back through years where much your way well down should because each just those people mr how too little good world'.split(
    ' ',
  );

function digestOf(number: number): Buffer {
  return createHash('sha256').update(String(number)).digest();
}

/** Message-ID of a message of {@link makeMessage}. */
export function messageIdOf(number: number): string {
  return `<${number}.${digestOf(number).toString('hex', 0, 6)}@example.net>`;
}

/** A plain message of about that size, different for each number, with words that a search finds in some and not in others. */
export function makeMessage(number: number, sizeBytes: number): Buffer {
  const digest = digestOf(number);
  const lines = [
    `Received: from relay.example.net (relay.example.net [192.0.2.${number % 250}]) by mail.example.org with ESMTPS id ${digest.toString('hex', 0, 8)}; Mon, 2 Nov 2026 10:00:00 +0000`,
    `From: Sender ${number % 97} <sender${number % 97}@example.net>`,
    `To: Bench <bench@example.org>, other${number % 13}@example.org`,
    `Subject: ${words[digest[0] % words.length]} ${words[digest[1] % words.length]} number ${number}`,
    `Date: Mon, ${(number % 27) + 1} Oct 2026 10:00:00 +0000`,
    `Message-ID: ${messageIdOf(number)}`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
  ];
  let size = lines.join('\r\n').length + 2;
  let seed = digest.readUInt32LE(0);
  while (size < sizeBytes - 2) {
    let line = '';
    while (line.length < 66) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      line += `${words[(seed >>> 8) % words.length]} `;
    }
    lines.push(line);
    size += line.length + 2;
  }
  if (number % 50 === 0) lines.push('a needle in the haystack');
  return Buffer.from(`${lines.join('\r\n')}\r\n`);
}
