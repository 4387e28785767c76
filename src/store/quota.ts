/** What an account may hold; a limit that is missing is none. */
export interface QuotaLimits {
  readonly bytes?: number | undefined;
  readonly messages?: number | undefined;
}

export interface QuotaUse {
  readonly usedBytes: number;
  readonly limitBytes: number | undefined;
  readonly messages: number;
  readonly limitMessages: number | undefined;
}
