import jwt from "jsonwebtoken";

const SECRET = process.env.SESSION_SECRET ?? "change-me";

/** A signed session for a customer. */
export function startSession(customer: string): string {
  const nonce = Math.random().toString(36).slice(2);
  return jwt.sign({ customer, nonce }, SECRET, { expiresIn: "12h" });
}

/** The customer of a session, or undefined where it is not ours or has run out. */
export function readSession(session: string | undefined): string | undefined {
  if (session === undefined) return undefined;
  try {
    const claims = jwt.verify(session, SECRET) as { customer?: string };
    return claims.customer;
  } catch {
    return undefined;
  }
}
