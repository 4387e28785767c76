import { join } from 'node:path';
import { writeAdminPassword } from '../config/admin-password.ts';
import { createDkimKey, type DkimKey } from '../config/dkim-key.ts';
import { domainDnsRecords } from '../config/domain-dns-records.ts';
import { makeDirectoryDurably, writeDurably } from '../runtime/durable-file.ts';
import { mainProgram } from './main-program.ts';
import { systemdUnit } from './systemd-unit.ts';

interface QuickstartChoices {
  /** Absolute; gets `config/` and `data/`. */
  directory: string;
  address: string;
  domain: string;
  hostname: string;
  account: string;
  user: string;
  accountPassword: string;
  adminPassword: string;
}

/**
 * Writes the configuration, keys and passwords of a new server.
 * @returns what to tell the person
 */
export async function writeQuickstart(choices: QuickstartChoices): Promise<string> {
  const { directory, domain, hostname, account } = choices;
  const configDirectory = join(directory, 'config');
  await makeDirectoryDurably(join(configDirectory, 'keys'));
  const year = new Date().getFullYear();
  const keys = [
    { selector: `${year}a`, key: createDkimKey('ed25519') },
    { selector: `${year}b`, key: createDkimKey('rsa') },
  ];
  for (const { selector, key } of keys) await writeDurably(keyPath(configDirectory, selector, domain), key.privatePem);
  await writeDurably(join(configDirectory, 'domains.yaml'), domainsYaml(choices, keys), 0o600);
  await writeDurably(join(configDirectory, 'restante.yaml'), restanteYaml(choices), 0o600);
  await writeAdminPassword(join(configDirectory, 'adminpassword'), choices.adminPassword);
  await writeDurably(join(directory, 'restante.service'), systemdUnit({ directory, user: choices.user }), 0o644);
  const { openOffline } = await mainProgram();
  {
    await using services = await openOffline({ staticConfigPath: join(configDirectory, 'restante.yaml') });
    await services.accounts.setPassword(account, choices.accountPassword);
  }
  const records = domainDnsRecords({
    domain,
    hostname,
    dkim: keys.map(({ selector, key }) => ({ selector, txt: key.txt })),
    dmarcReports: `dmarc-reports@${domain}`,
    tlsReports: `tls-reports@${domain}`,
  });
  return `Written to ${directory}:
  config/restante.yaml  what the server listens at; changes need a restart
  config/domains.yaml   domains, accounts, aliases; changes are noticed
  config/keys/          private keys for DKIM: keep them secret
  restante.service      a systemd unit

Account "${account}", ${choices.address}:       password ${choices.accountPassword}
Administration pages:  password ${choices.adminPassword}
Neither is stored in a readable form. Change them with "restante setaccountpassword ${account}" and "restante setadminpassword".

What is left to do:

1. Put these records into the DNS zone of ${domain}, and addresses (A, AAAA) for ${hostname}, with reverse names that match:

${records.join('\n')}

2. Get a certificate for ${hostname} and autoconfig.${domain}, and name its files under "tls" in restante.yaml.
   Until then the server uses one it signed itself: other servers accept that, mail programs will ask.

3. Let the system start the server:

   sudo useradd --system --home-dir ${directory} ${choices.user}
   sudo chown -R ${choices.user}: ${directory}
   sudo cp ${directory}/restante.service /etc/systemd/system/
   sudo systemctl enable --now restante

4. See that port 25 is open to the world, in and out: many providers block it until asked.

Check the configuration at any time: restante --config ${configDirectory}/restante.yaml config test
`;
}

function keyPath(configDirectory: string, selector: string, domain: string): string {
  return join(configDirectory, 'keys', `${selector}._domainkey.${domain}.pem`);
}

function domainsYaml(
  { domain, account, address }: QuickstartChoices,
  keys: readonly { selector: string; key: DkimKey }[],
): string {
  const selectors = keys.map(({ selector }) => {
    return `        ${JSON.stringify(selector)}:\n          privateKeyFile: keys/${selector}._domainkey.${domain}.pem\n`;
  });
  return `# Domains, accounts and aliases. Read again when this file changes; "restante config describe domains.yaml" explains every key.
domains:
  ${domain}:
    dkim:
      selectors:
${selectors.join('')}      sign: [${keys.map(({ selector }) => JSON.stringify(selector)).join(', ')}]
    # Reports of other servers on mail in the name of the domain (see the _dmarc record) come to dmarc-reports@${domain}.
    dmarcReports: { account: ${account} }
    # On TLS with this server (see the _smtp._tls record) they come to tls-reports@${domain}.
    tlsReports: { account: ${account} }

accounts:
  ${account}:
    domain: ${domain}
    addresses:
      ${JSON.stringify(address)}: {}

aliases: {}
`;
}

function restanteYaml({ hostname, account }: QuickstartChoices): string {
  return `# Static settings: changes need a restart. "restante config describe restante.yaml" explains every key.
dataDirectory: ../data
hostname: ${hostname}
postmaster:
  account: ${account}

listeners:
  public:
    addresses: [0.0.0.0, "::"]
    tls:
      # Name your certificate here, then remove selfSigned:
      # certificates:
      #   - certificateFile: /etc/letsencrypt/live/${hostname}/fullchain.pem
      #     privateKeyFile: /etc/letsencrypt/live/${hostname}/privkey.pem
      selfSigned: true
    smtp:
    submission:
    submissions:
    imap:
    imaps:
    http:
    https:
  # For this machine only.
  internal:
    addresses: [127.0.0.1]
    metrics:
`;
}
