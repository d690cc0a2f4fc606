import { FIRST_LPI, LPI_LIMIT } from '../../abi/index.ts'
import { TextLines } from './text-lines.ts'

const MODEL = /^vgic_model:\t(\w+)$/
const COUNT = /^nr_lpis:\t(\d{1,10})$/
/** `nr_spis`, `enabled`, and what legends and headings there are: of no matter here. */
const OTHER = /^(?:\w+:\t\d+|[PEG]=.*|(?:VCPU|SPI) ?\s*\d+ TYP .*|-+|)$/
const ROW = /^ {7}(SGI|PPI|SPI|LPI) +(\d{1,10}) +-?\d+ +[01]{7} +\d+ +[0-9a-f]+ +[0-9a-f]+ +\d+ +-?\d+ *$/
/** Of one that went while the text was printed, in kernels before 6.10. */
const FREED = /^LPI +(\d{1,10}) freed$/

/** True for what such a text begins with. */
export const isGicState = (start: string): boolean => start.startsWith('Distributor\n')

/**
 * The LPIs of debugfs' vgic-state.
 *
 * @throws FormatError for whatever KVM does not print, for another GIC than a GICv3, and where LPIs are missing.
 * @source Linux arch/arm64/kvm/vgic/vgic-debug.c, print_dist_state and print_irq_state, from 4.10 on
 */
export function gicState(bytes: Uint8Array): ReadonlySet<number> {
  const text = new TextLines(bytes, 'a text of vgic-state')
  text.take(/^Distributor$/, 'the word Distributor')
  text.take(/^=+$/, 'the rule below it')
  text.take(MODEL, 'vgic_model of a GICv3', ([model]) => model === 'GICv3')
  let announced: number | undefined
  let gone = 0
  const lpis = new Set<number>()
  for (let line = text.next; line !== undefined; line = text.next) {
    const [, kind, id] = ROW.exec(line) ?? []
    const count = COUNT.exec(line)?.[1]
    const freed = FREED.exec(line) !== null
    if (kind === 'LPI') {
      const lpi = Number(id)
      if (lpi < FIRST_LPI || lpi >= LPI_LIMIT || lpis.has(lpi)) throw text.wrong('an LPI that is not there yet')
      lpis.add(lpi)
    } else if (count !== undefined) announced = Number(count)
    else if (freed) gone++
    else if (kind === undefined && !OTHER.test(line)) throw text.wrong('an interrupt')
    text.pass()
  }
  if (announced === undefined) throw text.wrong('nr_lpis')
  if (lpis.size + gone < announced) throw text.wrong(`${announced} LPIs`)
  return lpis
}
