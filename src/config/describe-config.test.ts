import { describe, expect, it } from 'vitest';
import { configFileNames, configJsonSchema, describeConfig } from './describe-config.ts';
import { parseDomainsConfig } from './domains-config.ts';
import { parseStaticConfig } from './static-config.ts';

describe('config describe', () => {
  it('shows examples of both files that are valid together', () => {
    const server = parseStaticConfig('/etc/restante/restante.yaml', describeConfig('restante.yaml'));
    const config = parseDomainsConfig(server, describeConfig('domains.yaml'));
    expect(Object.keys(config.accounts)).toEqual(['me']);
  });

  it('says of each key what it is for and what it accepts', () => {
    expect(describeConfig('restante.yaml')).toContain(
      '# (optional) Least severe messages to log. Accepted: debug, info, warn, error, silent.\nlogLevel: info\n',
    );
  });
});

describe('JSON Schema', () => {
  it.each(configFileNames)('of %s describes every key', (file) => {
    const schema = configJsonSchema(file) as { properties: Record<string, { description?: string }> };
    for (const [key, { description }] of Object.entries(schema.properties)) expect(description, key).toBeDefined();
  });
});
