import type { Command } from '../command.ts'
import { kernels } from './kernels.ts'

/** Every command, in the order `vits --help` lists them. */
export const commands: readonly Command[] = [kernels]
