import { PlantedVm } from '../../core/src/audit/testing/planted-vm.ts'
import { problemCases } from '../../core/src/audit/testing/problem-cases/index.ts'
import { cloudHypervisorClothings } from '../../core/src/formats/testing/cloud-hypervisor-clothings.ts'
import { dumpClothings } from '../../core/src/formats/testing/dump-clothings.ts'
import { firecrackerClothings } from '../../core/src/formats/testing/firecracker-clothings.ts'
import { rawClothings } from '../../core/src/formats/testing/raw-clothings.ts'
import { filesOf, type SnapshotModel, smallVm, snapshotFile, snapshotModels, snapshotMutators } from '../models/snapshot.ts'
import { askFiles } from '../oracles/saved-vm.ts'
import type { Target } from '../target.ts'

const clothings = [...cloudHypervisorClothings, ...firecrackerClothings, ...rawClothings, ...dumpClothings]

const well = () => smallVm(new PlantedVm().map(8, { 0: [8192, 0], 3: [8195, 1] }).save())
/** Every so many of the planted problems: each format has another few. */
const STEP = 11

async function corpus(): Promise<ReadonlyMap<string, () => SnapshotModel>> {
  const models = new Map<string, () => SnapshotModel>()
  for (const [i, clothing] of clothings.entries()) {
    models.set(clothing.name, await snapshotModels(well(), clothing))
    for (let n = i; n < problemCases.length; n += STEP) {
      const vm = smallVm(problemCases[n]!.vm())
      if (!clothing.hasItses && vm.registers.itses.length > 1) continue
      models.set(`${clothing.name}, ${problemCases[n]!.code}-${n}`, await snapshotModels(vm, clothing))
    }
  }
  return models
}

export const snapshots: Target<SnapshotModel> = {
  name: 'snapshots',
  what: 'state of Firecracker (with its checksum made right) and of Cloud Hypervisor, registers as JSON, headers of ELF and kdump dumps; other files too long, too short or gone',
  share: 150,
  corpus,
  mutators: snapshotMutators,
  file: snapshotFile,
  ask: (file, random) => askFiles(filesOf(file), { findRegisters: async () => well().registers }, random),
}
