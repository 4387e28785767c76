import { parseAddressLiteral } from '../smtp/domain.ts';
import { connectSmtp } from '../smtp-client/connect-smtp.ts';
import { SmtpSessionError } from '../smtp-client/session-error.ts';
import type { SocksProxy } from '../smtp-client/socks-connect.ts';
import { lookedUpElsewhere, ofOneFamily, withoutAddresses } from './limited-resolver.ts';
import type { MailRoute } from './mail-route.ts';
import type { ConnectPeer } from './peer.ts';
import type { QueueOptions } from './queue-options.ts';
import type { RemoteRouteOptions } from './remote-route.ts';

/** What a way to elsewhere needs: how names are looked up and connections are made there. */
export function remoteOptions(
  options: Pick<
    QueueOptions,
    'resolver' | 'hostname' | 'random' | 'log' | 'smtpPort' | 'connect' | 'clock' | 'findMtaSts' | 'onTlsResult'
  >,
  way: Exclude<MailRoute, { kind: 'fail' }>,
  pathOf: (messageId: number) => string,
): RemoteRouteOptions {
  const { resolver, hostname, random, log, smtpPort, clock, findMtaSts, onTlsResult } = options;
  const usual: ConnectPeer =
    options.connect ?? ((target, signal) => connectSmtp(target, { helloName: hostname, log }, signal));
  const policies = { findMtaSts, onTlsResult, now: () => clock.now() };
  const common = { resolver, hostname, random, log, port: smtpPort ?? 25, pathOf, connect: usual, ...policies };
  if (way.kind === 'relay') return { ...common, relay: way.relay };
  const { family, proxy } = way;
  if (proxy !== undefined) {
    const connect = byProxy(proxy, { hostname, log });
    return { ...common, relay: undefined, resolver: withoutAddresses(resolver), connect };
  }
  const known = family === undefined ? resolver : ofOneFamily(resolver, family);
  return { ...common, relay: undefined, resolver: known };
}

function byProxy(
  proxyOf: () => Promise<SocksProxy>,
  { hostname, log }: Pick<QueueOptions, 'hostname' | 'log'>,
): ConnectPeer {
  return async (target, signal) => {
    let proxy: SocksProxy;
    try {
      proxy = await proxyOf();
    } catch (error) {
      log.error({ err: error }, 'No login for the proxy: its mail will be tried again');
      const reply = { code: 451, enhanced: '4.3.5', text: 'The login for the proxy is not there' };
      throw new SmtpSessionError(reply, { cause: error });
    }
    const named = parseAddressLiteral(target.host) ?? target.host;
    const address = target.address === lookedUpElsewhere ? named : target.address;
    return await connectSmtp({ ...target, address }, { helloName: hostname, log, proxy }, signal);
  };
}
