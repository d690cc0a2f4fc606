import { ChainWitness } from './chain-witness.ts'
import { LpiWitness } from './lpi-witness.ts'
import type { Scene } from './scene.ts'

/** The chains of the tables as a witness. */
export const chainWitness = (scene: Scene): ChainWitness => scene.once(chains)

/** The LPIs of the whole VM as a witness. */
export const lpiWitness = (scene: Scene): LpiWitness => scene.once(lpis)

const chains = ({ tables, beliefs }: Scene) => new ChainWitness(tables.mappings, beliefs)
const lpis = (scene: Scene) => new LpiWitness(scene)
