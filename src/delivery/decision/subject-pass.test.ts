import { describe, expect, it } from 'vitest';
import { SmtpError } from '../../smtp/smtp-error.ts';
import type { DecisionStep, Question } from './decision.ts';
import { SubjectPass } from './subject-pass.ts';

const day = 24 * 3600 * 1000;
const refuses: DecisionStep = async () => ({
  action: 'refuse',
  reason: 'dns-blocklist',
  error: new SmtpError(550, '5.7.1', 'Listed'),
});

function start(periodMs: number | undefined = 7 * day) {
  const time = { now: 1000 * 7 * day };
  const pass = new SubjectPass({
    secret: Buffer.alloc(16, 1),
    periodMsOf: (account) => (account === 'off' ? undefined : periodMs),
    clock: { now: () => time.now },
  });
  const question = (subject: string, account = 'me', localpart = 'ada'): Question =>
    ({
      message: { file: { structure: { envelope: { subject } } } },
      sender: { author: { localpart, domain: 'example.net' } },
      account: { name: account },
    }) as unknown as Question;
  const refusal = async (account?: string): Promise<string> => {
    const decision = await pass.offeredBy(refuses)(question('hello', account));
    return decision?.action === 'refuse' ? decision.error.publicText : '';
  };
  const token = async (): Promise<string> => /pass-[0-9a-f]{15}/.exec(await refusal())?.[0] ?? '';
  const accepts = async (...asked: Parameters<typeof question>): Promise<boolean> =>
    (await pass.accept(question(...asked)))?.action === 'accept';
  return { time, refusal, token, accepts };
}

describe('a token in the subject', () => {
  it('is offered by a refusal, and lets the author in', async () => {
    const { refusal, token, accepts } = start();
    expect(await refusal()).toMatch(
      /^Listed\. To get through all the same, send it again with pass-\w+ in the subject$/,
    );
    expect(await accepts('hello')).toBe(false);
    expect(await accepts(`Re: hello (${await token()})`)).toBe(true);
    expect(await accepts(`=?utf-8?q?=C3=9C_${(await token()).toUpperCase()}?=`)).toBe(true);
  });

  it('is for one author and one account', async () => {
    const { token, accepts } = start();
    expect(await accepts(await token(), 'you')).toBe(false);
    expect(await accepts(await token(), 'me', 'eve')).toBe(false);
    expect(await accepts('pass-000000000000000')).toBe(false);
  });

  it('is good for some time', async () => {
    const { time, token, accepts } = start();
    const given = await token();
    time.now += 7 * day;
    expect(await accepts(given)).toBe(true);
    time.now += 7 * day;
    expect(await accepts(given)).toBe(false);
  });

  it('is not offered by accounts that have not asked for it', async () => {
    const { refusal, token, accepts } = start();
    expect(await refusal('off')).toBe('Listed');
    expect(await accepts(await token(), 'off')).toBe(false);
  });
});
