import { join } from 'node:path';

interface Schedule {
  readonly configPath: string;
  /** Directory in which each backup gets a directory of its own, named by its day and time. */
  readonly to: string;
  /** Time of the day, `HH:MM`. */
  readonly at: string;
  readonly copy: boolean;
  readonly user: string;
}

/**
 * The systemd units of a backup every day: taken, then proven. A unit fails when either does, which `systemctl --failed` and monitoring show.
 * @returns the text of each, by the name of its file
 */
export function backupUnits({ configPath, to, at, copy, user }: Schedule): Record<string, string> {
  const launcher = join(import.meta.dirname, '..', '..', 'bin', 'restante.js');
  const restante = `/usr/bin/env node ${shellWord(launcher)} --config ${shellWord(configPath)}`;
  const script = [
    `to=${shellWord(to)}/$(date +%%Y-%%m-%%dT%%H%%M%%S)`,
    `${restante} backup --wait${copy ? ' --copy' : ''} "$to"`,
    `${restante} verifydata "$to"`,
  ].join(' && ');
  return {
    'restante-backup.service': `[Unit]
Description=Backup of the Restante mail server

[Service]
Type=oneshot
User=${user}
ExecStart=/bin/sh -c ${unitWord(script)}
Nice=10
IOSchedulingClass=idle
UMask=0077
`,
    'restante-backup.timer': `[Unit]
Description=Backup of the Restante mail server, every day

[Timer]
OnCalendar=*-*-* ${at}:00
Persistent=true
RandomizedDelaySec=5min

[Install]
WantedBy=timers.target
`,
  };
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text)
    ? text.replaceAll('%', '%%')
    : `'${text.replaceAll("'", "'\\''").replaceAll('%', '%%')}'`;
}

/** systemd.service(5): in double quotes, `\` and `"` are escaped, and `$` is written twice. */
function unitWord(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '$$$$')}"`;
}
