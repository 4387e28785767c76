import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Log } from '../runtime/log.ts';
import { acceptHandshake } from './accept-handshake.ts';
import { CertificateError } from './certificate-error.ts';

export interface CertificateFiles {
  /** PEM, the server's certificate first, then those up to the authority's. */
  certificateFile: string;
  keyFile: string;
}

interface LoadedCertificate {
  files: CertificateFiles;
  /** Changes when either file changes. */
  version: string;
  context: SecureContext;
  leaf: X509Certificate;
}

/** RFC 8996: no TLS 1.0 and 1.1. */
type SecureVersion = 'TLSv1.2' | 'TLSv1.3';

export interface CertificateStoreOptions {
  readonly minimumVersion?: SecureVersion;
  readonly intervalMs?: number;
}

/** How often the files are looked at; certificates are renewed weeks before they run out. */
const checkIntervalMs = 60_000;

/** The certificates of one or more listeners: chosen by the name that the client asks for, read again when their files change. */
export class CertificateStore implements AsyncDisposable {
  readonly #log: Log;
  readonly #minimumVersion: SecureVersion;
  #certificates: LoadedCertificate[];
  readonly #timer: NodeJS.Timeout;

  private constructor(certificates: LoadedCertificate[], log: Log, options: Required<CertificateStoreOptions>) {
    this.#certificates = certificates;
    this.#log = log;
    this.#minimumVersion = options.minimumVersion;
    this.#timer = setInterval(() => void this.reload(), options.intervalMs).unref();
  }

  /**
   * @param files at least one pair; the first is for clients that ask for no name or one that none is for
   * @throws CertificateError
   */
  static async open(
    files: readonly CertificateFiles[],
    log: Log,
    options: CertificateStoreOptions = {},
  ): Promise<CertificateStore> {
    if (files.length === 0) throw new CertificateError('', 'none is configured');
    const { minimumVersion = 'TLSv1.2', intervalMs = checkIntervalMs } = options;
    const certificates = await Promise.all(files.map((pair) => load(pair, minimumVersion, log)));
    return new CertificateStore(certificates, log, { minimumVersion, intervalMs });
  }

  /** Reads changed files again. A pair that can't be used is logged, and the one loaded before stays in use. */
  async reload(): Promise<void> {
    this.#certificates = await Promise.all(
      this.#certificates.map(async (loaded) => {
        try {
          if ((await versionOf(loaded.files)) === loaded.version) return loaded;
          const changed = await load(loaded.files, this.#minimumVersion, this.#log);
          this.#log.info(
            { file: loaded.files.certificateFile, validTo: changed.leaf.validTo },
            'certificate loaded again',
          );
          return changed;
        } catch (error) {
          this.#log.error(
            { err: error, file: loaded.files.certificateFile },
            'certificate kept: the new one is unusable',
          );
          return loaded;
        }
      }),
    );
  }

  /** Certificates in use, for the administrator and for metrics. */
  describe(): { certificateFile: string; names: string; validTo: Date }[] {
    return this.#certificates.map(({ files, leaf }) => ({
      certificateFile: files.certificateFile,
      names: leaf.subjectAltName ?? '',
      validTo: new Date(leaf.validTo),
    }));
  }

  /** @param name the host name that the client asks for (RFC 6066 §3) */
  contextFor(name: string | undefined): SecureContext {
    const found =
      name === undefined || this.#certificates.length === 1
        ? undefined
        : this.#certificates.find(({ leaf }) => leaf.checkHost(name, { subject: 'never' }) !== undefined);
    return (found ?? this.#certificates[0]!).context;
  }

  /**
   * Does the server's side of the handshake on an accepted connection, for TLS from the start as for STARTTLS.
   * @param socket whose data nobody else reads any more
   * @param options.requestCertificate asks the client for one, which it need not have: that it has the key is proven then, and nothing else
   * @throws the handshake's error, after the socket was destroyed
   */
  async accept(socket: Socket, timeoutMs: number, options: { requestCertificate?: boolean } = {}): Promise<TLSSocket> {
    return await acceptHandshake(socket, timeoutMs, {
      requestCert: options.requestCertificate === true,
      // Who has signed it says nothing: its key is registered, or it isn't.
      rejectUnauthorized: false,
      secureContext: this.contextFor(undefined),
      SNICallback: (name, callback) => callback(null, this.contextFor(name)),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
  }
}

async function load(files: CertificateFiles, minVersion: SecureVersion, log: Log): Promise<LoadedCertificate> {
  try {
    const version = await versionOf(files);
    const [cert, key, keyStat] = await Promise.all([
      readFile(files.certificateFile),
      readFile(files.keyFile),
      stat(files.keyFile),
    ]);
    if ((keyStat.mode & 0o007) !== 0) log.warn({ file: files.keyFile }, 'key file can be read by everybody: chmod 600');
    const leaf = new X509Certificate(cert);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the key belongs to another certificate');
    const context = createSecureContext({
      cert,
      key,
      minVersion,
      // Session tickets resume only with a context id (OpenSSL, SSL_CTX_set_session_id_context).
      sessionIdContext: 'restante',
      dhparam: 'auto',
    });
    return { files, version, context, leaf };
  } catch (error) {
    throw new CertificateError(files.certificateFile, error instanceof Error ? error.message : String(error), error);
  }
}

async function versionOf(files: CertificateFiles): Promise<string> {
  const stats = await Promise.all([stat(files.certificateFile), stat(files.keyFile)]);
  return stats.map(({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`).join(' ');
}
