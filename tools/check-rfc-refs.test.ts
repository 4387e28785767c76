import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkRfcRefs } from './check-rfc-refs.ts';

it('names RFCs that are cited but not listed, listed but not cited, listed twice or malformed', () => {
  const root = mkdtempSync(join(tmpdir(), 'rfc-refs-'));
  mkdirSync(join(root, 'src'));
  mkdirSync(join(root, 'docs'));
  const cite = (number: number): string => `// RF${'C'} ${number} §1\n`;
  writeFileSync(join(root, 'src', 'a.ts'), cite(111) + cite(222));
  writeFileSync(
    join(root, 'docs', 'rfc-index.txt'),
    '# comment\n111  yes  One\n111  yes  Again\n333  ref  Three\n44 yes\n',
  );
  const faults = checkRfcRefs(root);
  rmSync(root, { recursive: true });
  expect(faults).toEqual([
    'docs/rfc-index.txt:3: RFC 111 is listed twice',
    'docs/rfc-index.txt:5: not of the form "1234  yes|partly|ref  Title": 44 yes',
    'src/a.ts: cites RFC 222, which docs/rfc-index.txt does not list',
    'docs/rfc-index.txt: lists RFC 333, which no code cites',
  ]);
});
