import { fileURLToPath } from 'node:url'

/** The one folder that `npm run lab:setup` fills; git ignores it. */
export const CACHE = fileURLToPath(new URL('../../.lab/', import.meta.url))

/** The agent's C sources. */
export const AGENT_SOURCES = fileURLToPath(new URL('../agent/', import.meta.url))

/** The initramfs that holds the agent as its only program. */
export const INITRAMFS = `${CACHE}agent.cpio`

/** The agent as a program, for a machine that is a KVM host itself. */
export const AGENT = `${CACHE}agent`
