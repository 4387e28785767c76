import type { Command } from 'commander';
import { configPath } from '../config-path.ts';
import { randomPassword } from '../random-password.ts';
import { readNewPassword } from '../read-secret.ts';

/** Sets the password for the administration pages. A running server takes it from then on. */
export function setadminpassword(command: Command): void {
  command
    .option('--generate', 'make a random password and print it, instead of asking for one')
    .action(async (options: { generate?: boolean }) => {
      const [{ loadStaticConfig }, { writeAdminPassword }] = await Promise.all([
        import('../../config/static-config.ts'),
        import('../../config/admin-password.ts'),
      ]);
      const { adminPasswordFile } = await loadStaticConfig(configPath(command));
      const password = options.generate ? randomPassword() : await readNewPassword();
      await writeAdminPassword(adminPasswordFile, password);
      if (options.generate) process.stdout.write(`${password}\n`);
    });
}
