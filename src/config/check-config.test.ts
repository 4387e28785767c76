import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkConfig } from './check-config.ts';
import { createDkimKey } from './dkim-key.ts';

it('The check of the configuration names keys and passwords that cannot be used', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'restante-check-'));
  const path = join(directory, 'restante.yaml');
  await writeFile(
    path,
    `dataDirectory: data
hostname: mail.example.org
postmaster: { account: me }
listeners: {}
transports: { out: { host: r.example, username: me, passwordFile: secret } }
`,
  );
  const selectors = ['good', 'bad', 'gone', 'unused'].map((name) => `${name}: { privateKeyFile: keys/${name}.pem }`);
  await writeFile(
    join(directory, 'domains.yaml'),
    `domains:
  example.org: { dkim: { selectors: { ${selectors.join(', ')} }, sign: [good, bad, gone] } }
accounts: { me: { domain: example.org } }
`,
  );
  await mkdir(join(directory, 'keys'));
  await writeFile(join(directory, 'keys', 'good.pem'), createDkimKey('ed25519').privatePem);
  await writeFile(join(directory, 'keys', 'bad.pem'), 'no key');
  const { problems, unusable } = await checkConfig(path);
  expect(problems).toEqual([]);
  expect(unusable.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^Cannot read configuration ".*bad\.pem": /),
    expect.stringMatching(/^Cannot read configuration ".*gone\.pem": it does not exist$/),
    expect.stringMatching(/^Cannot read configuration ".*secret": it does not exist$/),
  ]);
  await rm(directory, { recursive: true });
});
