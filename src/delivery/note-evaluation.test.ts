import { describe, expect, it } from 'vitest';
import { parseDmarcRecord } from '../mailauth/dmarc/dmarc-record.ts';
import type { DmarcVerdict } from '../mailauth/dmarc/evaluate-dmarc.ts';
import type { DmarcEvaluation } from '../reports/dmarc/evaluations/evaluation.ts';
import type { Decision } from './decision/decision.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { createNoteEvaluation } from './note-evaluation.ts';
import type { SenderVerdict } from './sender-verdict.ts';

function noted(
  verdict: Partial<DmarcVerdict> & { rua?: string; isTestMode?: boolean },
  done: 'refused' | readonly Decision[],
  isAboutReports = false,
): DmarcEvaluation | undefined {
  const { rua = 'mailto:a@example.org', isTestMode = false, ...rest } = verdict;
  const record = parseDmarcRecord(`v=DMARC1; p=reject; sp=none; adkim=s; ri=7200; rua=${rua}`)!;
  const dmarc: DmarcVerdict = {
    result: 'fail',
    domain: 'news.example.org',
    policyDomain: 'example.org',
    policy: 'reject',
    evaluation: { record, spfAligned: false, dkimAligned: rest.result === 'pass', isTestMode },
    ...rest,
  };
  const sender: SenderVerdict = {
    ip: '192.0.2.1',
    spf: { result: 'softfail', identity: 'mailfrom', domain: 'Bounce.Example', sender: 'x@bounce.example' },
    dkim: [
      { result: 'permerror', problem: 'it is rubbish' },
      {
        result: 'fail',
        signature: { domain: 'Example.org', selector: 's', identity: '@example.org', algorithm: 'rsa-sha256' },
      },
    ],
    dmarc,
    reverseName: { result: 'permerror' },
    arc: { result: 'none', sealers: [] },
    dmarcOverride: undefined,
    author: undefined,
    results: '',
    fields: '',
  };
  const found: DmarcEvaluation[] = [];
  const note = createNoteEvaluation({
    evaluations: { note: (each) => found.push(each) },
    isAboutReports: () => isAboutReports,
  });
  const envelope = { sender: { localpart: 'x', domain: 'bounce.example' } } as IncomingMessage['envelope'];
  note({ sender, envelope } as IncomingMessage, done);
  return found[0];
}

const accepted: Decision = { action: 'accept', reason: 'no-objection' };
const quarantined: Decision = { action: 'junk', reason: 'dmarc-quarantine' };

describe('an evaluation for a report', () => {
  it('says what was found out, and what the domain has published', () => {
    expect(noted({}, 'refused')).toEqual({
      policyDomain: 'example.org',
      policy: {
        domain: 'example.org',
        policy: 'reject',
        subdomainPolicy: 'none',
        nonexistentPolicy: 'none',
        dkimAlignment: 's',
        spfAlignment: 'r',
        testing: 'n',
      },
      intervalSeconds: 7200,
      record: {
        sourceIp: '192.0.2.1',
        disposition: 'reject',
        reasons: [],
        dkim: 'fail',
        spf: 'fail',
        headerFrom: 'news.example.org',
        envelopeFrom: 'bounce.example',
        dkimResults: [{ domain: 'example.org', selector: 's', result: 'fail' }],
        spfResults: [{ domain: 'bounce.example', scope: 'mfrom', result: 'softfail' }],
      },
    });
  });

  it('says what was really done, and why it was not what the domain asks for', () => {
    const done = (...given: Parameters<typeof noted>) => {
      const { disposition, reasons } = noted(...given)!.record;
      return [disposition, ...reasons.map(({ type }) => type)];
    };
    expect(done({ result: 'pass' }, [accepted])).toEqual(['pass']);
    expect(done({ result: 'pass' }, [{ action: 'junk', reason: 'junk-words' }])).toEqual(['pass']);
    expect(done({ policy: 'none' }, [accepted])).toEqual(['none']);
    expect(done({ policy: 'none' }, [{ action: 'junk', reason: 'junk-words' }])).toEqual(['none']);
    expect(done({ policy: 'quarantine' }, [quarantined])).toEqual(['quarantine']);
    expect(done({ policy: 'quarantine', isTestMode: true }, [quarantined])).toEqual(['quarantine', 'policy_test_mode']);
    expect(done({ policy: 'quarantine' }, [])).toEqual(['none', 'local_policy']);
    expect(done({ policy: 'none', isTestMode: true }, [accepted])).toEqual(['none', 'policy_test_mode']);
  });

  it('is not made of what nobody asks about, what could not be checked, and what comes of reports', () => {
    expect(noted({ rua: '' }, 'refused')).toBeUndefined();
    expect(noted({ result: 'temperror', evaluation: undefined as never }, [accepted])).toBeUndefined();
    expect(noted({}, 'refused', true)).toBeUndefined();
    const never = createNoteEvaluation({
      evaluations: { note: () => expect.unreachable() },
      isAboutReports: () => false,
    });
    never({} as IncomingMessage, [accepted]);
  });
});
