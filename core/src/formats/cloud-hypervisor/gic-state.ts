import { GICR_CTLR, type GicRegisters, type RedistributorRegisters, type SavedIts, VGIC_V3_MAX_CPUS } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import type { Edit } from '../edits.ts'
import type { JsonValue } from '../json/json-value.ts'
import type { CloudHypervisorOrigin } from '../origin.ts'
import type { SnapshotNode, StateForm } from './snapshot-tree.ts'

/** Where Cloud Hypervisor has its distributor: redistributors are below it, and the ITS below those. @source arch/src/aarch64/layout.rs; devices/src/gic.rs */
const DISTRIBUTOR = 0x08ff_0000
const REDISTRIBUTOR_BYTES = 0x2_0000
const ITS_BYTES = 0x2_0000

/** 32-bit words of each vCPU in `rdist`: first these of every vCPU, then those of its SGIs and PPIs of every vCPU. @source hypervisor/src/kvm/aarch64/gic/redist_regs.rs */
const RD_WORDS = ['STATUSR', 'WAKER', 'PROPBASER', 'PROPBASER_HI', 'PENDBASER', 'PENDBASER_HI', 'CTLR'] as const
const SGI_WORDS = 17
const WORDS = RD_WORDS.length + SGI_WORDS
type RdWord = (typeof RD_WORDS)[number]
const wordAt = (vcpu: number, word: RdWord): number => vcpu * RD_WORDS.length + RD_WORDS.indexOf(word)

/** The members of the state with one register of the ITS each. */
const ITS_MEMBERS = ['its_ctlr', 'its_iidr', 'its_cbaser', 'its_cwriter', 'its_creadr'] as const

const OBJECT = '{'.charCodeAt(0)

/** What state.json says of the GIC. */
export interface GicState {
  readonly registers: GicRegisters
  /** The words of `rdist`, where they lie. */
  readonly rdist: readonly JsonValue[]
  /** Wrapped into the name of the hypervisor, as since v46. */
  readonly isWrapped: boolean
}

/** @throws FormatError when it is not the state of KVM's GICv3 with an ITS. */
export function gicState(node: SnapshotNode): GicState {
  if (node.form === 'sections' && node.bytes().bytes[0] !== OBJECT) {
    throw node.wrong('the state of a GIC as JSON, as Cloud Hypervisor v25 and later have it')
  }
  const json = node.json()
  const outer = json.members()
  if (outer.has('MshvGicV2M')) throw json.wrong('the state of an ITS of KVM, and not of a GICv2m under MSHV, which has none')
  const kvm = outer.get('Kvm')
  const state = kvm ?? json
  const rdist = state.member('rdist').elements(WORDS * VGIC_V3_MAX_CPUS)
  const vcpus = rdist.length / WORDS
  if (vcpus === 0 || !Number.isInteger(vcpus)) throw state.member('rdist').wrong(`${WORDS} words for each vCPU`)
  const words = rdist.slice(0, vcpus * RD_WORDS.length).map((word) => word.count())
  return {
    registers: {
      itses: [savedIts(state, vcpus)],
      redistributors: redistributorsOf(words, node.form !== 'sections' && isCopied(words)),
    },
    rdist,
    isWrapped: kvm !== undefined,
  }
}

function savedIts(state: JsonValue, vcpus: number): SavedIts {
  const word = (name: (typeof ITS_MEMBERS)[number]) => state.member(name)
  const iidr = word('its_iidr').count()
  if (iidr === 0) {
    // What the registers were read into was never meant to change, and a compiler may take it for the 0 that it was set to.
    throw word('its_iidr').wrong(
      "GITS_IIDR of KVM's ITS (Cloud Hypervisor before v41, built with Rust 1.80 or later, saved 0 for every register)",
    )
  }
  const baser = state.member('its_baser').elements(8)
  if (baser.length !== 8) throw state.member('its_baser').wrong('8 GITS_BASER registers')
  return {
    base: (DISTRIBUTOR - vcpus * REDISTRIBUTOR_BYTES - ITS_BYTES) as Gpa,
    ctlr: word('its_ctlr').count(),
    iidr,
    cbaser: word('its_cbaser').u64(),
    cwriter: word('its_cwriter').u64(),
    creadr: word('its_creadr').u64(),
    baser: baser.map((register) => register.u64()),
  }
}

function redistributorsOf(words: readonly number[], areCopies: boolean): RedistributorRegisters[] {
  return Array.from({ length: words.length / RD_WORDS.length }, (_, vcpuId) => {
    const word = (name: RdWord) => words[wordAt(vcpuId, name)]!
    return {
      vcpuId,
      ctlr: word('CTLR'),
      propbaser: u64(word('PROPBASER'), word('PROPBASER_HI')),
      pendbaser: u64(word('PENDBASER'), word('PENDBASER_HI')),
      ...(areCopies && vcpuId > 0 && { copyOf: 0 }),
    }
  })
}

/** v29 to v53 read the words of vCPU 0 for every vCPU. No two that take LPIs have them alike. */
function isCopied(words: readonly number[]): boolean {
  const takesLpis = GICR_CTLR.decode(words[wordAt(0, 'CTLR')]!, 0).enableLpis
  return takesLpis && words.length > RD_WORDS.length && words.every((word, i) => word === words[i % RD_WORDS.length])
}

const u64 = (lo: number, hi: number): bigint => (BigInt(hi) << 32n) | BigInt(lo)

/** The edits of state.json after which the redistributors have the GICR_PROPBASER and GICR_PENDBASER of `to`: of the words that change. */
export function redistributorEdits({ registers, rdist }: GicState, to: readonly RedistributorRegisters[]): Edit[] {
  return registers.redistributors.flatMap((was, vcpu) =>
    (['PROPBASER', 'PENDBASER'] as const).flatMap((register) => {
      const name = register === 'PROPBASER' ? 'propbaser' : 'pendbaser'
      const halves = [
        [0n, register],
        [32n, `${register}_HI`],
      ] as const
      return halves.flatMap(([shift, word]) => {
        const [from, value] = [was[name], to[vcpu]![name]].map((one) => (one >> shift) & 0xffff_ffffn)
        return from === value ? [] : [rdist[wordAt(vcpu, word)]!.replacedBy(value!)]
      })
    }),
  )
}

/** Which versions wrote a snapshot, as far as it tells. */
export function versionsOf(form: StateForm, { isWrapped }: GicState): CloudHypervisorOrigin['versions'] {
  if (form !== 'text') return form === 'sections' ? 'v25 to v28' : 'v29 to v38'
  return isWrapped ? 'v46 or later' : 'v39 to v45'
}
