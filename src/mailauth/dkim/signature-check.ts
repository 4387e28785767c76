import type { HeaderField } from '../../message/header-fields.ts';
import type { BodyHash } from './body-hashes.ts';
import { checkAlgorithm, checkKey } from './check-key.ts';
import type { MessageSignature } from './dkim-signature.ts';
import { isSignedBy } from './is-signed-by.ts';
import { SignatureFault } from './signature-fault.ts';
import { signedHeader } from './signed-header.ts';
import type { SignedMessage } from './signed-message.ts';

/** The check of one signature over header and body. */
export class SignatureCheck {
  readonly #message: SignedMessage;
  readonly #own: HeaderField;
  readonly #signature: MessageSignature;
  readonly #bodyHash: BodyHash;
  /** Whether the domain only tries its key out; known after `verify`. */
  isTest = false;

  /**
   * To be made before the body goes by.
   * @param own the field with the signature
   * @throws SignatureFault when the signature is nothing worth, whatever the key says
   */
  constructor(message: SignedMessage, own: HeaderField, signature: MessageSignature) {
    const { algorithm, expiresAt } = signature;
    checkAlgorithm(algorithm);
    if (expiresAt !== undefined && expiresAt * 1000 < message.now) throw new SignatureFault('fail', 'it has expired');
    this.#message = message;
    this.#own = own;
    this.#signature = signature;
    this.#bodyHash = message.bodies.want(signature);
  }

  /** Asks for the key, so that the answer comes while the body goes by. */
  askForKey(): void {
    void this.#message.keys.find(this.#signature.selector, this.#signature.domain);
  }

  /**
   * To be called after the body.
   * @throws SignatureFault, TagListError and DnsError when it does not pass
   * Source: RFC 6376 §6.1.3
   */
  async verify(): Promise<void> {
    const { header, fields, keys } = this.#message;
    const signature = this.#signature;
    const key = await keys.find(signature.selector, signature.domain);
    this.isTest = key.isTest;
    checkKey(key, signature);
    if (this.#bodyHash.digest() !== signature.bodyHash) {
      throw new SignatureFault('fail', 'the body was changed: its hash is another one');
    }
    if (!(await isSignedBy(key, signedHeader(header, fields, this.#own, signature), signature.signature))) {
      throw new SignatureFault('fail', 'the header was changed, or the key is another one');
    }
    if (this.#bodyHash.bytes > (signature.bodyLength ?? Number.POSITIVE_INFINITY)) {
      throw new SignatureFault('policy', 'the body goes on after what was signed');
    }
  }
}
