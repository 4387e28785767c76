declare module 'tr46' {
  interface Options {
    checkBidi?: boolean;
    checkHyphens?: boolean;
    checkJoiners?: boolean;
    useSTD3ASCIIRules?: boolean;
    verifyDNSLength?: boolean;
  }
  /** null when the domain is invalid. */
  export function toASCII(domain: string, options?: Options): string | null;
  export function toUnicode(
    domain: string,
    options?: Omit<Options, 'verifyDNSLength'>,
  ): { domain: string; error: boolean };
}
