import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { hostAddresses } from '../../queue/destination-hosts.ts';
import { hostTls } from '../../queue/tls-policy.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLog, type Log } from '../../runtime/log.ts';
import { connectSmtp } from '../../smtp-client/connect-smtp.ts';
import { SmtpSessionError } from '../../smtp-client/session-error.ts';
import { openDiagnosisResolver } from './open-diagnosis-resolver.ts';

export interface DialedSmtp {
  readonly address: string;
  /** Undefined: there was no session, and `problem` says why. */
  readonly session?: {
    /** Keywords of EHLO that this server knows of. */
    readonly offers: Readonly<Record<string, unknown>>;
    readonly tls?: { readonly protocol: string; readonly cipher: string };
    readonly certificate?: {
      readonly subject: string;
      readonly issuer: string;
      readonly names: string;
      readonly validTo: string;
    };
    /** What is wrong with the certificate by the authorities of this machine. */
    readonly certificateProblem?: string;
  };
  readonly problem?: string;
}

/**
 * Opens a session with each address of a host, and says what is found there. No mail is sent.
 * @param question.dane held to the TLSA records of the host
 */
export async function dialSmtp(question: {
  staticConfigPath: string;
  host: string;
  port: number;
  dane: boolean;
  signal: AbortSignal;
}): Promise<{ by: string; dialed: DialedSmtp[]; problem?: string }> {
  const { staticConfigPath, port, dane, signal } = question;
  const { resolver, hostname } = await openDiagnosisResolver(staticConfigPath);
  const host =
    isIP(question.host) === 0 ? question.host : `[${isIP(question.host) === 6 ? 'IPv6:' : ''}${question.host}]`;
  const found = await hostAddresses({ resolver, hostname, random: () => 0 }, host, signal);
  if ('failure' in found) return { by: '', dialed: [], problem: found.failure.text };
  const secured = { domain: host, authentic: dane, mtaSts: { policy: undefined, fault: undefined } };
  const tls = await hostTls({ resolver, port, now: systemClock.now }, { name: host, ...found }, secured, signal);
  if ('fault' in tls) return { by: '', dialed: [], problem: tls.fault.detail };
  if (dane && tls.by !== 'dane') {
    const detail =
      tls.by === 'encrypted' ? 'TLSA records, and none that can be used' : 'no TLSA records that DNSSEC validates';
    return { by: tls.by, dialed: [], problem: `${host} has ${detail}` };
  }
  const log = createLog({ pretty: true, levels: { '': 'error' } }).part('smtp-client');
  const dialed: DialedSmtp[] = [];
  for (const address of found.addresses) {
    dialed.push(await dial({ host, address, port, ...tls.target }, { helloName: hostname, log }, signal));
  }
  return { by: tls.by, dialed };
}

async function dial(
  target: Parameters<typeof connectSmtp>[0],
  options: { helloName: string; log: Log },
  signal: AbortSignal,
): Promise<DialedSmtp> {
  const { address } = target;
  let certificate: X509Certificate | undefined;
  const verify = (socket: TLSSocket) => {
    const { raw } = socket.getPeerCertificate();
    certificate = raw === undefined ? undefined : new X509Certificate(raw);
    return typeof target.verify === 'function' ? target.verify(socket) : undefined;
  };
  try {
    const session = await connectSmtp({ ...target, verify }, options, signal);
    const { tls, certificateFault, offers } = session;
    await session.close();
    return {
      address,
      session: {
        offers: { ...offers },
        ...(tls === undefined ? {} : { tls }),
        ...(certificate === undefined ? {} : { certificate: shown(certificate) }),
        ...(tls === undefined || certificateFault === undefined ? {} : { certificateProblem: certificateFault.detail }),
      },
    };
  } catch (error) {
    if (!(error instanceof SmtpSessionError)) throw error;
    return { address, problem: `${error.reply.code} ${error.reply.enhanced} ${error.reply.text}` };
  }
}

function shown({ subject, issuer, subjectAltName = '', validTo }: X509Certificate) {
  const line = (text: string | undefined): string => (text ?? '').replaceAll('\n', ', ');
  return { subject: line(subject), issuer: line(issuer), names: subjectAltName.replaceAll('DNS:', ''), validTo };
}
