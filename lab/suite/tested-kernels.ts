import { kernelSeries } from '../src/cache.ts'

/** The kernels that `npm run test:lab` names; on their own, the tests ask those that setup always has. */
export const testedKernels: readonly string[] = process.env['LAB_KERNELS']?.split(',') ?? kernelSeries
