import { z } from 'zod';
import { limits } from '../../runtime/limits.ts';
import { keyCredentialId, type TlsPublicKey } from '../../store/tls-public-keys/tls-public-key.ts';
import { TlsPublicKeyError } from '../../store/tls-public-keys/tls-public-keys.ts';
import { controlCommand } from '../control-command.ts';
import type { ControlServices } from '../control-services.ts';
import { knownAccount } from '../known-account.ts';

const fingerprint = z.string().max(100);

const schema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('list'), account: z.string().max(320).optional() }),
  z.strictObject({ do: z.literal('get'), fingerprint }),
  z.strictObject({
    do: z.literal('add'),
    address: z.string().max(320),
    /** Otherwise that of the certificate. */
    name: z.string().min(1).max(limits.clientKeyNameCharacters).optional(),
    noImapPreauth: z.boolean(),
    /** PEM. */
    certificate: z.string().max(limits.clientCertificateBytes),
  }),
  z.strictObject({ do: z.literal('remove'), fingerprint }),
]);

export type ShownTlsPublicKey = Omit<TlsPublicKey, 'certificate'>;

export type TlsPublicKeyAnswer = {
  list: ShownTlsPublicKey[];
  /** With the certificate, base64. */
  get: ShownTlsPublicKey & { certificate: string };
  add: ShownTlsPublicKey;
  remove: ShownTlsPublicKey;
};

/** Lists, shows, adds or removes keys whose certificates let clients in. */
export function tlsPublicKeys({
  tlsPublicKeys: keys,
  domains,
  sessions,
}: Pick<ControlServices, 'tlsPublicKeys' | 'domains' | 'sessions'>) {
  return controlCommand(schema, async (given): Promise<TlsPublicKeyAnswer[keyof TlsPublicKeyAnswer]> => {
    switch (given.do) {
      case 'list': {
        const account = given.account === undefined ? undefined : knownAccount(domains.config, given.account);
        return (await keys.list(account)).map(shown);
      }
      case 'get': {
        const key = await keys.get(given.fingerprint);
        if (key === undefined) throw new TlsPublicKeyError('show', given.fingerprint, 'it is not registered');
        return { ...shown(key), certificate: Buffer.from(key.certificate).toString('base64') };
      }
      case 'add': {
        const account = knownAccount(domains.config, given.address);
        const { address: login, name, noImapPreauth } = given;
        return shown(await keys.add(given.certificate, { account, login, name, noImapPreauth }));
      }
      case 'remove': {
        const key = await keys.remove(given.fingerprint);
        sessions.revoke(key.account, keyCredentialId(key.fingerprint));
        return shown(key);
      }
    }
  });
}

function shown({ certificate: _, ...key }: TlsPublicKey): ShownTlsPublicKey {
  return key;
}
