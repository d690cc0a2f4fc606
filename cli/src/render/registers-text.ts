import type { SavedMachine } from '@vits/core'
import { hex } from '@vits/core/abi'

/** The registers of a saved machine that concern LPIs, and where its RAM is. */
export function registersText({ registers, ranges }: SavedMachine): string {
  const itses = registers.itses.flatMap(({ base, ctlr, iidr, cbaser, cwriter, creadr, baser }) => [
    `ITS${base === undefined ? '' : ` at ${hex(base)}`}`,
    ...row({ GITS_CTLR: ctlr, GITS_IIDR: iidr, GITS_CBASER: cbaser, GITS_CWRITER: cwriter, GITS_CREADR: creadr }),
    ...row(Object.fromEntries(baser.flatMap((word, n) => (word === 0n ? [] : [[`GITS_BASER${n}`, word]])))),
  ])
  const vcpus = registers.redistributors.flatMap(({ vcpuId, ctlr, propbaser, pendbaser }) => [
    `vCPU ${vcpuId}`,
    ...row({ GICR_CTLR: ctlr, GICR_PROPBASER: propbaser, GICR_PENDBASER: pendbaser }),
  ])
  const ram = ranges.map(({ base, bytes }) => `RAM ${hex(base)} to ${hex(base + bytes - 1)}`)
  return [...itses, ...vcpus, ...ram].map((line) => `${line}\n`).join('')
}

const row = (words: Readonly<Record<string, number | bigint>>): string[] =>
  Object.entries(words).map(([name, value]) => `  ${name.padEnd(14)}  ${hex(value)}`)
