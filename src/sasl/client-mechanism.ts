/** One login attempt on the client's side. */
export interface ClientMechanism {
  readonly name: string;
  /** What goes with the AUTH command; undefined where the server speaks first. */
  initialResponse(): Buffer | undefined;
  /** Answers a challenge. @throws AuthenticationError when the server's message is malformed or it doesn't know the password */
  respond(challenge: Buffer): Promise<Buffer>;
  /** To be called at the server's success: throws when the server hasn't proved what the mechanism makes it prove. */
  complete(): void;
}

export interface ClientCredentials {
  login: string;
  password: string;
}
