import { describe, expect, it } from 'vitest';
import type { ListedMailbox, Namespaces } from '../imap-client/list-mailboxes.ts';
import type { SpecialUse } from '../store/mailboxes/mailbox.ts';
import type { MailboxChoice } from './import-request.ts';
import { planMailboxes } from './plan-mailboxes.ts';

const everything: MailboxChoice = {
  include: [],
  exclude: [],
  prefix: undefined,
  map: [],
  keepNames: false,
  includeVirtual: false,
  includeShared: false,
};

const present = new Map<SpecialUse, string>([
  ['\\Sent', 'Sent'],
  ['\\Junk', 'Junk'],
]);

interface Case {
  /** `name`, or `name \attribute \attribute` with a tab between. */
  readonly names: readonly string[];
  readonly delimiter?: string | undefined;
  readonly namespaces?: Namespaces;
  readonly choice?: Partial<MailboxChoice>;
  readonly hasLabels?: boolean;
}

function plan({ names, delimiter, namespaces, choice, hasLabels = false }: Case) {
  const listed = names.map((text): ListedMailbox => {
    const [name = '', attributes = ''] = text.split('\t');
    return {
      wireName: name,
      name,
      delimiter: delimiter ?? '/',
      attributes: new Set(attributes.toLowerCase().split(' ').filter(Boolean)),
      subscribed: false,
    };
  });
  return planMailboxes(listed, namespaces, { ...everything, ...choice }, present, hasLabels);
}

/** `name -> target use` of each. */
const lines = (given: Case): string[] =>
  plan(given).mailboxes.map(({ listed, target, specialUse }) =>
    `${listed.name} -> ${target} ${specialUse ?? ''}`.trim(),
  );

const personal = (prefix: string, delimiter: string): Namespaces => ({ personal: [{ prefix, delimiter }], others: [] });

describe('planning what becomes of mailboxes', () => {
  it('keeps levels, whatever is between them', () => {
    expect(lines({ names: ['INBOX', 'a.b.c', 'inbox.d'], delimiter: '.' })).toEqual([
      'INBOX -> Inbox',
      'a.b.c -> a/b/c',
      'inbox.d -> Inbox/d',
    ]);
    expect(lines({ names: ['a\\b'], delimiter: '\\' })).toEqual(['a\\b -> a/b']);
  });

  it('leaves away the prefix of all mailboxes, as the server tells it or as it shows', () => {
    const names = ['INBOX', 'INBOX.Work', 'INBOX.Work.2020'];
    const expected = ['INBOX -> Inbox', 'INBOX.Work -> Work', 'INBOX.Work.2020 -> Work/2020'];
    expect(lines({ names, delimiter: '.', namespaces: personal('INBOX.', '.') })).toEqual(expected);
    expect(lines({ names, delimiter: '.' })).toEqual(expected);
    expect(lines({ names: [...names, 'Other'], delimiter: '.' })[1]).toBe('INBOX.Work -> Inbox/Work');
    expect(lines({ names, delimiter: '.', namespaces: personal('', '.') })[1]).toBe('INBOX.Work -> Inbox/Work');
  });

  it('writes what a name here cannot have otherwise, and keeps two names two', () => {
    expect(lines({ names: ['a/b', 'a_b', 'x\u0001y', 'a..b.'], delimiter: '.' })).toEqual([
      'a/b -> a_b 2',
      'a_b -> a_b',
      'x\u0001y -> x_y',
      'a..b. -> a/b',
    ]);
  });

  it('is done soon also when all names would be one here', () => {
    const control = (number: number): string => String.fromCharCode(0x80 + (number % 30));
    const names = Array.from(
      { length: 4_000 },
      (_, at) => `a${control(at)}${control(Math.floor(at / 30))}${control(Math.floor(at / 900))}`,
    );
    const before = performance.now();
    const { mailboxes } = plan({ names, delimiter: '.' });
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(new Set(mailboxes.map(({ target }) => target)).size).toBe(4_000);
    expect(mailboxes.map(({ target }) => target)).toContain('a___ 4000');
  });

  it('names mailboxes that cannot be here', () => {
    const deep = Array.from({ length: 30 }, () => 'x').join('/');
    const { mailboxes, failed } = plan({ names: ['INBOX', deep, 'y'.repeat(2_000)] });
    expect(mailboxes).toHaveLength(1);
    expect(failed.map(({ reason }) => reason.replace(/".*"/s, '…'))).toEqual([
      'Cannot use mailbox name …: it has more than 25 levels',
      'Cannot use mailbox name …: it is longer than 1000 bytes',
    ]);
  });

  it('brings together mailboxes of a special use, with those below them', () => {
    const names = ['INBOX', 'Gesendet\t\\Sent', 'Gesendet/2020', 'Müll\t\\Trash', 'Sent', 'Spam'];
    expect(lines({ names })).toEqual([
      'INBOX -> Inbox',
      'Gesendet -> Sent \\Sent',
      'Gesendet/2020 -> Sent/2020',
      'Müll -> Müll \\Trash',
      'Sent -> Sent 2',
      'Spam -> Spam',
    ]);
    expect(lines({ names, choice: { keepNames: true } })).toEqual([
      'INBOX -> Inbox',
      'Gesendet -> Gesendet \\Sent',
      'Gesendet/2020 -> Gesendet/2020',
      'Müll -> Müll \\Trash',
      'Sent -> Sent',
      'Spam -> Spam',
    ]);
  });

  it('goes by well-known names only where no mailbox has a use', () => {
    expect(lines({ names: ['Sent Items', 'SPAM', 'Work/Sent', 'Sent'] })).toEqual([
      'Sent Items -> Sent \\Sent',
      'SPAM -> Junk \\Junk',
      'Work/Sent -> Work/Sent',
      'Sent -> Sent 2',
    ]);
    expect(lines({ names: ['Sent Items', 'X\t\\Trash'] })[0]).toBe('Sent Items -> Sent Items');
  });

  it('leaves out views, mailboxes of others and what cannot be opened, unless they are asked for', () => {
    const given: Case = {
      names: ['All\t\\All', 'Starred\t\\Flagged', 'Important\t\\Important', 'shared/x', 'Node\t\\Noselect', 'Own'],
      namespaces: { personal: [{ prefix: '', delimiter: '/' }], others: [{ prefix: 'shared/', delimiter: '/' }] },
    };
    expect(lines(given)).toEqual(['Own -> Own']);
    expect(plan(given).leftOut.map(({ name }) => name)).toEqual(['All', 'Starred', 'Important', 'shared/x']);
    expect(lines({ ...given, choice: { includeVirtual: true, includeShared: true } })).toHaveLength(5);
  });

  it('takes All Mail of Gmail as the archive', () => {
    const names = ['INBOX', '[Gmail]/All Mail\t\\All', '[Gmail]/Sent Mail\t\\Sent'];
    const { mailboxes } = plan({ names, hasLabels: true });
    expect(mailboxes.map(({ target, unlabelledOnly }) => [target, unlabelledOnly])).toEqual([
      ['Inbox', false],
      ['Archive', true],
      ['Sent', false],
    ]);
    const whole = plan({ names, hasLabels: true, choice: { includeVirtual: true } }).mailboxes;
    expect(whole[1]).toMatchObject({ target: '[Gmail]/All Mail', unlabelledOnly: false });
  });

  it('chooses by patterns, with what is below', () => {
    const names = ['INBOX', 'Work', 'Work.a', 'Work.a.b', 'Home', 'Homes'];
    const chosen = (choice: Partial<MailboxChoice>): string[] =>
      plan({ names, delimiter: '.', choice }).mailboxes.map(({ target }) => target);
    expect(chosen({ include: ['Work'] })).toEqual(['Work', 'Work/a', 'Work/a/b']);
    expect(chosen({ include: ['Work/%'] })).toEqual(['Work/a', 'Work/a/b']);
    expect(chosen({ include: ['Work.a'] })).toEqual(['Work/a', 'Work/a/b']);
    expect(chosen({ exclude: ['Home', 'Work/a'] })).toEqual(['Inbox', 'Work', 'Homes']);
    expect(chosen({ include: ['inbox', 'H*'], exclude: ['*s'] })).toEqual(['Inbox', 'Home']);
  });

  it('maps names, and puts all below a prefix', () => {
    const names = ['INBOX', 'Work', 'Work/a', 'Gesendet\t\\Sent'];
    expect(lines({ names, choice: { map: [{ from: 'Work', to: 'Old/Job' }] } })).toEqual([
      'INBOX -> Inbox',
      'Work -> Old/Job',
      'Work/a -> Old/Job/a',
      'Gesendet -> Sent \\Sent',
    ]);
    const dotted: Case = { names: ['Work.a', 'Work.a.b'], delimiter: '.' };
    expect(lines({ ...dotted, choice: { map: [{ from: 'Work.a', to: 'A' }] } })).toEqual([
      'Work.a -> A',
      'Work.a.b -> A/b',
    ]);
    expect(lines({ names, choice: { map: [{ from: 'Work', to: 'Inbox' }] } })[1]).toBe('Work -> Inbox');
    expect(lines({ names, choice: { prefix: 'Old' } })).toEqual([
      'INBOX -> Old/Inbox',
      'Work -> Old/Work',
      'Work/a -> Old/Work/a',
      'Gesendet -> Old/Gesendet',
    ]);
  });
});
