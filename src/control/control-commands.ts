import { accountAcl } from './commands/account-acl.ts';
import { appPasswords } from './commands/app-passwords.ts';
import { backup } from './commands/backup.ts';
import { bumpUidValidity } from './commands/bump-uid-validity.ts';
import { dmarcEvaluations } from './commands/dmarc-evaluations.ts';
import { dmarcReportRecords, dmarcReports } from './commands/dmarc-reports.ts';
import { editDomains } from './commands/edit-domains.ts';
import { exportCommand } from './commands/export-messages.ts';
import { importImap } from './commands/import-imap.ts';
import { importCommand } from './commands/import-messages.ts';
import { logLevels } from './commands/log-levels.ts';
import { loginAttempts } from './commands/login-attempts.ts';
import { queueChange } from './commands/queue-change.ts';
import { queueDump } from './commands/queue-dump.ts';
import { queueHoldRules } from './commands/queue-hold-rules.ts';
import { queueList } from './commands/queue-list.ts';
import { queueRetired } from './commands/queue-retired.ts';
import { queueSuppress } from './commands/queue-suppress.ts';
import { queueWebhooks } from './commands/queue-webhooks.ts';
import { reloadDomains } from './commands/reload-domains.ts';
import { repair } from './commands/repair.ts';
import { reportSuppressions } from './commands/report-suppressions.ts';
import { restoreAccountCommand } from './commands/restore-account.ts';
import { retrain } from './commands/retrain.ts';
import { sessions } from './commands/sessions.ts';
import { setAccountPassword } from './commands/set-account-password.ts';
import { status } from './commands/status.ts';
import { stop } from './commands/stop.ts';
import { submit } from './commands/submit.ts';
import { tlsPublicKeys } from './commands/tls-public-keys.ts';
import { tlsReports, tlsResults } from './commands/tls-reports.ts';
import { verifyData } from './commands/verify-data.ts';
import type { ControlCommand } from './control-command.ts';
import type { ControlServices } from './control-services.ts';

/** Every command of the control socket. */
export function controlCommands(services: ControlServices) {
  return {
    appPasswords: appPasswords(services),
    accountAcl: accountAcl(services),
    backup: backup(services),
    bumpUidValidity: bumpUidValidity(services),
    dmarcEvaluations: dmarcEvaluations(services),
    dmarcReportRecords: dmarcReportRecords(services),
    dmarcReports: dmarcReports(services),
    reportSuppressions: reportSuppressions(services),
    tlsPublicKeys: tlsPublicKeys(services),
    tlsReports: tlsReports(services),
    tlsResults: tlsResults(services),
    editDomains: editDomains(services),
    exportMessages: exportCommand(services),
    importImap: importImap(services),
    importMessages: importCommand(services),
    logLevels: logLevels(services),
    loginAttempts: loginAttempts(services),
    queueChange: queueChange(services),
    queueDump: queueDump(services),
    queueHoldRules: queueHoldRules(services),
    queueList: queueList(services),
    queueRetired: queueRetired(services),
    queueSuppress: queueSuppress(services),
    queueWebhooks: queueWebhooks(services),
    reloadDomains: reloadDomains(services),
    repair: repair(services),
    restoreAccount: restoreAccountCommand(services),
    retrain: retrain(services),
    sessions: sessions(services),
    setAccountPassword: setAccountPassword(services),
    status: status(services),
    stop: stop(services),
    submit: submit(services),
    verifyData: verifyData(services),
  } satisfies Record<string, ControlCommand>;
}

export type ControlCommandName = keyof ReturnType<typeof controlCommands>;
