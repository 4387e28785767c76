import { chooseRoute } from '../config/choose-route.ts';
import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import type { TransportSettings } from '../config/static-schema.ts';
import { transportLogin } from '../config/transport-login.ts';
import type { MailRoute, RouteFor } from '../queue/mail-route.ts';

/** The way out of each message, as the configuration says at that moment. */
export function outgoingRoutes(
  config: Pick<StaticConfig, 'transports' | 'relay'>,
  domains: Pick<LiveDomains, 'config' | 'addressBook'>,
): RouteFor {
  return (mail) => {
    const name =
      chooseRoute(mail, domains.config, (domain) => domains.addressBook.mainDomain(domain)) ?? config.relay ?? 'direct';
    if (name === 'direct') return { kind: 'direct' };
    if (name === 'fail') return failure(550, undefined, mail.recipientDomain);
    return routeBy(name, config.transports[name], mail.recipientDomain);
  };
}

function routeBy(name: string, transport: TransportSettings, domain: string): MailRoute {
  const { kind, host = '', port, tls, username, passwordFile } = transport;
  const hasLogin = username !== undefined && passwordFile !== undefined;
  switch (kind) {
    case 'smtp': {
      const credentials = hasLogin ? { credentials: () => transportLogin(username, passwordFile) } : {};
      return { kind: 'relay', name, relay: { host, port: port ?? 587, tls, ...credentials } };
    }
    case 'socks':
      return {
        kind: 'direct',
        name,
        async proxy() {
          const proxy = { host, port: port ?? 1080 };
          if (!hasLogin) return proxy;
          const { password } = await transportLogin(username, passwordFile);
          return { ...proxy, login: { username, password } };
        },
      };
    case 'direct':
      if (transport.disableIPv4) return { kind: 'direct', name, family: 'ipv6' };
      return transport.disableIPv6 ? { kind: 'direct', name, family: 'ipv4' } : { kind: 'direct', name };
    case 'fail':
      return failure(transport.code, transport.text, domain);
  }
}

function failure(code: number, text: string | undefined, domain: string): MailRoute {
  const enhanced = code < 500 ? '4.7.1' : '5.7.1';
  return { kind: 'fail', reply: { code, enhanced, text: text ?? `This server does not send mail to ${domain}` } };
}
