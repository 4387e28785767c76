import { expect, it, onTestFinished, vi } from 'vitest';
import { RestanteError } from '../runtime/errors.ts';
import { printError } from './print-error.ts';
import { ProgressLine } from './progress-line.ts';

it('what is shown of work and its errors does not steer the terminal, whoever has written it', () => {
  const wasTerminal = process.stderr.isTTY;
  process.stderr.isTTY = true;
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    process.stderr.isTTY = wasTerminal;
    write.mockRestore();
  });
  const evil = 'Müll\u001b]0;x\u0007\u009b2J\u202e\r\n';
  const line = new ProgressLine();
  line.show({ step: evil, done: 1, total: 2, unit: 'messages' });
  line.log({ level: 'warn', message: evil, fields: { name: evil } });
  line.clear();
  printError(new RestanteError('evil', `${evil}second line`, { hint: evil }));
  const shown = write.mock.calls.map(([text]) => String(text).replaceAll('\r\u001b[K', '')).join('');
  expect(shown).not.toMatch(/[\r\u0007\u001b\u009b\u202e]/);
  expect(shown).toContain('warning: Müll?]0;x??2J???; name=Müll?]0;x??2J???\n');
  expect(shown).toContain('restante: Müll?]0;x??2J??\nsecond line\n');
});
