import type { SecretRules } from "./redact.ts";
import { isSecretKey } from "./secret-keys.ts";
import { secretsIn } from "./secret-texts.ts";

/** The rules in TypeScript. In the taps, the host's are used: a loop over a variable is slow in QuickJS. */
export const SECRET_RULES: SecretRules = { isSecretKey, secretsIn };
