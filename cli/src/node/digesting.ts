import { createHash } from 'node:crypto'
import type { Digesting } from '@vits/core/formats'

/** SHA-256 of Node. */
export const digesting: Digesting = { sha256: () => createHash('sha256') }
