import { ConfigError, type ConfigProblem } from './config-error.ts';
import { loadDomainsConfig } from './domains-config.ts';
import { firstLineOf } from './first-line-of.ts';
import { readDkimKey } from './read-dkim-key.ts';
import { loadStaticConfig } from './static-config.ts';
import { transportLogin } from './transport-login.ts';

interface ConfigCheck {
  /** Of `restante.yaml`, or, when it has none, of the `domains.yaml` beside it. */
  problems: readonly ConfigProblem[];
  /** Errors of files that the configuration names: keys to sign with, passwords of transports, authorizations of webhooks. */
  unusable: readonly Error[];
}

/** @throws ConfigFileError when `restante.yaml` or `domains.yaml` can't be read */
export async function checkConfig(staticConfigPath: string): Promise<ConfigCheck> {
  try {
    const server = await loadStaticConfig(staticConfigPath);
    const { domains, accounts } = await loadDomainsConfig(server);
    const keys = Object.values(domains).flatMap(({ dkim }) =>
      dkim.sign.map((selector) => readDkimKey(dkim.selectors[selector].privateKeyFile)),
    );
    const logins = Object.values(server.transports).map(({ username = '', passwordFile }) =>
      passwordFile === undefined ? undefined : transportLogin(username, passwordFile),
    );
    const hooks = Object.values(accounts).flatMap(({ outgoingWebhook, incomingWebhook }) =>
      [outgoingWebhook, incomingWebhook].map((hook) =>
        hook?.authorizationFile === undefined
          ? undefined
          : firstLineOf(
              hook.authorizationFile,
              'Put the Authorization field of the webhook there, or leave "authorizationFile" out.',
            ),
      ),
    );
    const files = await Promise.allSettled([...keys, ...logins, ...hooks]);
    const unusable = files.flatMap((file) => (file.status === 'rejected' ? [file.reason as Error] : []));
    return { problems: [], unusable };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, unusable: [] };
    throw error;
  }
}
