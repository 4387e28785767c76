import { chooseRoute } from '../config/choose-route.ts';
import type { LiveDomains } from '../config/live-domains.ts';
import type { StaticConfig } from '../config/static-config.ts';
import { transportLogin } from '../config/transport-login.ts';
import type { RouteFor } from '../queue/mail-route.ts';

/** The way out of each message, as the configuration says at that moment. */
export function outgoingRoutes(
  config: Pick<StaticConfig, 'transports' | 'relay'>,
  domains: Pick<LiveDomains, 'config' | 'addressBook'>,
): RouteFor {
  return (mail) => {
    const name =
      chooseRoute(mail, domains.config, (domain) => domains.addressBook.mainDomain(domain)) ?? config.relay ?? 'direct';
    if (name === 'direct') return { kind: 'direct' };
    if (name === 'fail') {
      return { kind: 'fail', reason: `This server does not send mail to ${mail.recipientDomain}` };
    }
    const { host, port, tls, username, passwordFile } = config.transports[name];
    const hasLogin = username !== undefined && passwordFile !== undefined;
    const credentials = hasLogin ? { credentials: () => transportLogin(username, passwordFile) } : {};
    return { kind: 'relay', name, relay: { host, port, tls, ...credentials } };
  };
}
