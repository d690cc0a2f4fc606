import { hex } from '@vits/core/abi'
import { type CaseModel, caseFile, namedAddresses, setWord, word } from '../models/case.ts'
import { ringCases } from '../models/guest-cases.ts'
import { mutateJson } from '../models/json.ts'
import { edgeNumber, edgeWord } from '../numbers.ts'
import { askSavedVm } from '../oracles/saved-vm.ts'
import type { Random } from '../random.ts'
import type { Mutator, Target } from '../target.ts'

type Queue = NonNullable<CaseModel['header']['virtio']>[number]['queues'][number]

/** A queue of a device that has any. */
function queueOf({ header }: CaseModel, random: Random): Queue | undefined {
  const queues = (header.virtio ?? []).flatMap(({ queues: all }) => all ?? [])
  return queues.length === 0 ? undefined : random.pick(queues)
}

const addressesOf = ({ place }: Queue): number[] =>
  [place.desc, place.avail, place.used].flatMap((value) => (value === undefined ? [] : Number(value)))

/** A word of a ring: its flags and index, or an entry. */
const ringWord: Mutator<CaseModel> = (model, random) => {
  const queue = queueOf(model, random)
  if (queue === undefined || queue.place.kind !== 'ram') return
  const base = random.pick(addressesOf(queue))
  const at = base - (base % 8) + 8 * (random.once(2) ? 0 : random.below(2 * queue.size))
  const was = word(model, at)
  if (was === undefined) return
  const shift = 16 * random.below(2)
  const value = random.once(2) ? edgeNumber(random, 16) : ((was.lo >>> shift) + random.below(9) - 4) & 0xffff
  setWord(model, at, ((was.lo & ~(0xffff << shift)) | (value << shift)) >>> 0, random.once(3) ? random.next() : was.hi)
}

const place: Mutator<CaseModel> = (model, random) => {
  const queue = queueOf(model, random)
  if (queue === undefined || queue.place.kind !== 'ram') return
  const key = random.pick(['desc', 'avail', 'used'] as const)
  const address = random.pick([
    ...namedAddresses(model),
    Number(edgeWord(random) % 2n ** 52n),
    Number(queue.place[key]) + random.below(64),
  ])
  queue.place[key] = hex(Math.max(0, address))
}

const counts: Mutator<CaseModel> = (model, random) => {
  const queue = queueOf(model, random)
  if (queue === undefined) return
  if (random.once(2)) queue.size = random.once(2) ? 2 ** random.below(16) : edgeNumber(random, 16)
  else queue.nextAvail = random.once(2) ? (queue.nextAvail + random.below(9)) & 0xffff : edgeNumber(random, 16)
}

const features: Mutator<CaseModel> = ({ header }, random) => {
  const device = random.pick(header.virtio ?? [])
  if (random.once(2)) device.features = hex(BigInt(device.features) ^ (1n << BigInt(random.pick([28, 29, 32, 33, 34, 35]))))
  else device.status = edgeNumber(random, 8)
}

const members: Mutator<CaseModel> = ({ header }, random) =>
  mutateJson({ virtio: header.virtio, vcpus: header['vcpus'], msi: header['msi'] }, random)

/** What an earlier step has left no sense in is left alone by those that need it. */
const ifThere =
  (mutator: Mutator<CaseModel>): Mutator<CaseModel> =>
  (model, random) => {
    try {
      mutator(model, random)
    } catch (error) {
      if (error instanceof Error && ['TypeError', 'SyntaxError', 'RangeError'].includes(error.name)) return
      throw error
    }
  }

export const virtqueues: Target<CaseModel> = {
  name: 'virtqueues',
  what: 'virtio devices and their rings, split and packed: indices, sizes, places, features, and what vCPUs and PCI functions did',
  share: 40,
  corpus: ringCases,
  mutators: [ringWord, ringWord, ringWord, place, counts, features, members].map(ifThere),
  file: caseFile,
  ask: askSavedVm,
}
