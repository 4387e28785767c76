import { SeededRandom } from '../../harness/seeded-random.ts';

export interface LabelledMessage {
  readonly isJunk: boolean;
  readonly kind: string;
  readonly text: string;
}

/** Words of a made-up language, the same for all messages: the first are as frequent as "the". */
function lexicon(random: SeededRandom, count: number): string[] {
  const syllables = [
    'ba',
    'ke',
    'li',
    'mo',
    'nu',
    'ra',
    'se',
    'ti',
    'vo',
    'zu',
    'dan',
    'fel',
    'gor',
    'hin',
    'jus',
    'pem',
  ];
  const words = new Set<string>();
  while (words.size < count) {
    const length = random.between(1, 4);
    words.add(Array.from({ length }, () => syllables[random.between(0, syllables.length - 1)]).join(''));
  }
  return [...words];
}

interface Kind {
  readonly name: string;
  readonly isJunk: boolean;
  readonly weight: number;
  /** Words that it has more often than others. */
  readonly own: readonly string[];
  /** How many of its words are its own, the others being everybody's. */
  readonly share: number;
  readonly words: readonly [least: number, most: number];
  readonly domains: readonly string[];
  readonly html?: boolean;
  readonly link?: boolean;
  /** Words of another kind that it is padded with. */
  readonly padding?: string;
}

/**
 * A labelled corpus of messages of several kinds, some hard to tell: newsletters that sell things and were asked for, junk that is padded
 * with the words of friends, junk that is a link and little else, and friends who write short. No two messages are the same.
 */
export function makeCorpus(count: number, seed: number): LabelledMessage[] {
  const random = new SeededRandom(seed);
  const words = lexicon(random, 6000);
  const common = words.slice(0, 3000);
  const topic = (number: number): string[] => words.slice(3000 + number * 180, 3180 + number * 180);
  const selling = topic(12);
  const domains = (name: string, many: number): string[] =>
    Array.from({ length: many }, (_, at) => `${name}${at}.example`);
  const kinds: Kind[] = [
    {
      name: 'family',
      isJunk: false,
      weight: 4,
      own: topic(0),
      share: 0.2,
      words: [8, 120],
      domains: domains('home', 12),
    },
    {
      name: 'club',
      isJunk: false,
      weight: 3,
      own: topic(1),
      share: 0.25,
      words: [30, 250],
      domains: domains('club', 6),
    },
    {
      name: 'work',
      isJunk: false,
      weight: 4,
      own: topic(2),
      share: 0.25,
      words: [20, 300],
      domains: domains('work', 9),
    },
    { name: 'short', isJunk: false, weight: 1, own: topic(0), share: 0.1, words: [2, 8], domains: domains('home', 12) },
    {
      name: 'newsletter',
      isJunk: false,
      weight: 2,
      own: [...topic(3), ...selling],
      share: 0.35,
      words: [80, 300],
      domains: domains('shop', 8),
      html: true,
      link: true,
    },
    {
      // What shops and offices send to new customers: much of it reads like junk.
      name: 'receipt',
      isJunk: false,
      weight: 1,
      own: [...topic(6), ...selling, ...topic(2)],
      share: 0.25,
      words: [20, 120],
      domains: domains('store', 300),
      html: true,
      link: true,
    },
    {
      name: 'stranger',
      isJunk: false,
      weight: 1,
      own: [...topic(1), ...topic(5)],
      share: 0.12,
      words: [20, 120],
      domains: domains('new', 400),
    },
    {
      name: 'pills',
      isJunk: true,
      weight: 3,
      own: [...topic(4), ...selling],
      share: 0.3,
      words: [20, 120],
      domains: domains('rx', 400),
      link: true,
    },
    {
      name: 'money',
      isJunk: true,
      weight: 3,
      own: [...topic(5), ...selling.slice(0, 60)],
      share: 0.2,
      words: [80, 300],
      domains: domains('bank', 300),
    },
    {
      name: 'phish',
      isJunk: true,
      weight: 2,
      own: topic(6),
      share: 0.2,
      words: [25, 90],
      domains: domains('secure', 300),
      html: true,
      link: true,
    },
    {
      name: 'padded',
      isJunk: true,
      weight: 2,
      own: [...topic(4), ...selling],
      share: 0.25,
      words: [20, 60],
      domains: domains('mail', 400),
      link: true,
      padding: 'family',
    },
    {
      name: 'link',
      isJunk: true,
      weight: 1,
      own: topic(7),
      share: 0.3,
      words: [2, 8],
      domains: domains('go', 400),
      link: true,
    },
  ];
  const weights = kinds.reduce((sum, { weight }) => sum + weight, 0);
  const zipf = (list: readonly string[]): string => list[Math.floor(list.length * random.next() ** 3)]!;
  const text = (kind: Kind, length: number): string[] =>
    Array.from({ length }, () => (random.next() < kind.share ? zipf(kind.own) : zipf(common)));
  return Array.from({ length: count }, (_, number): LabelledMessage => {
    let at = random.next() * weights;
    const kind =
      kinds.find(({ weight }) => {
        at -= weight;
        return at < 0;
      }) ?? kinds[0]!;
    const body = text(kind, random.between(...kind.words));
    if (kind.padding !== undefined) {
      body.push(...text(kinds.find(({ name }) => name === kind.padding)!, random.between(40, 120)));
    }
    const domain = kind.domains[random.between(0, kind.domains.length - 1)]!;
    const lines: string[] = [];
    for (let from = 0; from < body.length; from += 11) lines.push(body.slice(from, from + 11).join(' '));
    if (kind.link) lines.push(`http://www.${domain}/${zipf(words)}${number}`);
    const content = kind.html
      ? `<html><body>${lines.map((line) => `<p>${line}</p>`).join('\r\n')}</body></html>`
      : lines.join('\r\n');
    const header = [
      `From: ${zipf(kind.own)} <${zipf(kind.own)}${random.between(1, 20)}@${domain}>`,
      'To: me@example.org',
      `Subject: ${text(kind, random.between(2, 7)).join(' ')}`,
      `Date: Mon, 23 Nov 2026 10:00:${String(number % 60).padStart(2, '0')} +0000`,
      `Message-ID: <${number}.${seed}@${domain}>`,
      'MIME-Version: 1.0',
      `Content-Type: text/${kind.html ? 'html' : 'plain'}; charset=utf-8`,
    ];
    return { isJunk: kind.isJunk, kind: kind.name, text: `${header.join('\r\n')}\r\n\r\n${content}\r\n` };
  });
}
