import type { Routes } from './start-http-server.ts';

export interface ClientSettings {
  readonly hostname: string;
  readonly imaps?: number;
  readonly imap?: number;
  readonly submissions?: number;
  readonly submission?: number;
}

/**
 * The settings that Thunderbird and others ask for when an account is added, by domain of the address.
 * @param settingsFor undefined for a domain that is not served here
 */
export function autoconfigRoutes(settingsFor: (domain: string) => ClientSettings | undefined): Routes {
  return (server) => {
    for (const path of ['/mail/config-v1.1.xml', '/.well-known/autoconfig/mail/config-v1.1.xml']) {
      server.get<{ Querystring: { emailaddress?: string } }>(path, (request, reply) => {
        const { emailaddress } = request.query;
        const host = request.hostname.replace(/^autoconfig\./, '');
        const domain = typeof emailaddress === 'string' ? emailaddress.slice(emailaddress.lastIndexOf('@') + 1) : host;
        const settings = settingsFor(domain.toLowerCase());
        if (settings === undefined) return reply.callNotFound();
        return reply.type('text/xml; charset=utf-8').send(renderAutoconfig(domain.toLowerCase(), settings));
      });
    }
  };
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function renderAutoconfig(domain: string, settings: ClientSettings): string {
  const server = (tag: string, type: string, port: number | undefined, socketType: string): string =>
    port === undefined
      ? ''
      : `    <${tag} type="${type}">
      <hostname>${escapeXml(settings.hostname)}</hostname>
      <port>${port}</port>
      <socketType>${socketType}</socketType>
      <username>%EMAILADDRESS%</username>
      <authentication>password-cleartext</authentication>
    </${tag}>
`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${escapeXml(domain)}">
    <domain>${escapeXml(domain)}</domain>
    <displayName>${escapeXml(domain)}</displayName>
    <displayShortName>${escapeXml(domain)}</displayShortName>
${server('incomingServer', 'imap', settings.imaps, 'SSL')}${server('incomingServer', 'imap', settings.imap, 'STARTTLS')}${server('outgoingServer', 'smtp', settings.submissions, 'SSL')}${server('outgoingServer', 'smtp', settings.submission, 'STARTTLS')}  </emailProvider>
</clientConfig>
`;
}
