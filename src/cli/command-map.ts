import type { Command } from 'commander';

interface CommandEntry {
  readonly summary: string;
  /** Loads the file that adds arguments, options and what the command does. */
  load(): Promise<(command: Command) => void>;
}

/** Every command. Only the one that was asked for is loaded, so that help and completion come at once. */
export const commandMap: Readonly<Record<string, CommandEntry>> = {
  localserve: {
    summary: 'run a server for trying out, for this machine only',
    load: async () => (await import('./commands/localserve.ts')).localserve,
  },
  quickstart: {
    summary: 'write the configuration for a domain and say what to do next',
    load: async () => (await import('./commands/quickstart.ts')).quickstart,
  },
  serve: { summary: 'run the server', load: async () => (await import('./commands/serve.ts')).serve },
  stop: { summary: 'stop the running server', load: async () => (await import('./commands/stop.ts')).stop },
  version: {
    summary: 'show the version, and that of the running server',
    load: async () => (await import('./commands/version.ts')).version,
  },
  loglevels: {
    summary: 'show or set what the running server logs',
    load: async () => (await import('./commands/loglevels.ts')).loglevels,
  },
  config: {
    summary: 'check, explain and change the configuration',
    load: async () => (await import('./commands/config.ts')).config,
  },
  setaccountpassword: {
    summary: 'set the password of an account',
    load: async () => (await import('./commands/setaccountpassword.ts')).setaccountpassword,
  },
  setadminpassword: {
    summary: 'set the password for the administration pages',
    load: async () => (await import('./commands/setadminpassword.ts')).setadminpassword,
  },
  loginattempts: {
    summary: 'show who has logged in, and who has tried to',
    load: async () => (await import('./commands/loginattempts.ts')).loginattempts,
  },
  queue: {
    summary: 'look at and change the queue of outgoing mail',
    load: async () => (await import('./commands/queue.ts')).queue,
  },
  import: {
    summary: 'add messages from other software to an account',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  export: {
    summary: 'write the messages of an account for other software',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  sendmail: {
    summary: 'send the message on standard input, as /usr/sbin/sendmail does',
    load: async () => (await import('./commands/sendmail.ts')).sendmail,
  },
  backup: {
    summary: 'back the whole server up, while it runs',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  verifydata: {
    summary: 'prove that a backup or a data directory is whole',
    load: async () => (await import('./commands/verifydata.ts')).verifydata,
  },
  restore: {
    summary: 'restore a backup, or mail of it into the running server, or look into one',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  bumpuidvalidity: {
    summary: 'make mail programs fetch mailboxes anew',
    load: async () => (await import('./commands/bumpuidvalidity.ts')).bumpuidvalidity,
  },
  fixuidmeta: {
    summary: 'mend UIDNEXT, UIDVALIDITY, MODSEQ and other numbers of an account',
    load: async () => (await import('./commands/repair.ts')).fixuidmeta,
  },
  recalculatemailboxcounts: {
    summary: 'count the messages of an account again',
    load: async () => (await import('./commands/repair.ts')).recalculatemailboxcounts,
  },
  fixmsgsize: {
    summary: 'correct sizes of messages that differ from their files',
    load: async () => (await import('./commands/repair.ts')).fixmsgsize,
  },
  reparse: {
    summary: 'find out again what the messages of an account hold',
    load: async () => (await import('./commands/repair.ts')).reparse,
  },
  reassignthreads: {
    summary: 'put the messages of an account into threads again',
    load: async () => (await import('./commands/repair.ts')).reassignthreads,
  },
  retrain: {
    summary: 'make the junk filter of an account anew from its messages',
    load: async () => (await import('./commands/retrain.ts')).retrain,
  },
  dnsbl: {
    summary: 'ask DNS blocklists about an address',
    load: async () => (await import('./commands/dnsbl.ts')).dnsbl,
  },
  spf: {
    summary: 'check which hosts may send in the name of a domain',
    load: async () => (await import('./commands/spf.ts')).spf,
  },
  dns: {
    summary: 'look up names as the server does',
    load: async () => (await import('./commands/dns.ts')).dns,
  },
  mtasts: {
    summary: 'fetch the MTA-STS policy of a domain',
    load: async () => (await import('./commands/mtasts.ts')).mtasts,
  },
  tlsrpt: {
    summary: 'look at reports on TLS, in and out',
    load: async () => (await import('./commands/tlsrpt.ts')).tlsrpt,
  },
  dane: {
    summary: 'look up and check TLSA records, and make them',
    load: async () => (await import('./commands/dane.ts')).dane,
  },
  smtp: {
    summary: 'see what another SMTP server offers',
    load: async () => (await import('./commands/smtp.ts')).smtp,
  },
  message: {
    summary: 'look into a message',
    load: async () => (await import('./commands/message.ts')).message,
  },
  dkim: {
    summary: 'verify the signatures of a message, and look up keys',
    load: async () => (await import('./commands/dkim.ts')).dkim,
  },
  arc: {
    summary: 'verify the ARC chain of a message',
    load: async () => (await import('./commands/arc.ts')).arc,
  },
  dmarc: {
    summary: 'look at policies and reports of DMARC, in and out',
    load: async () => (await import('./commands/dmarc.ts')).dmarc,
  },
  completion: {
    summary: 'write a completion script for a shell',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
};
