import { fileURLToPath } from 'node:url';

/** A module with systems of a user's own: an environment to check, and the prior of chains of three variables. */
export const OWN_SYSTEMS = fileURLToPath(new URL('./chains.mjs', import.meta.url));
