import { hex } from '../../abi/index.ts'
import { bytesSource, type MachineFile } from '../index.ts'
import type { DressedMachine } from './dressed-machine.ts'

/** The file of registers of a machine whose RAM is in one file, ram.bin, behind each other. */
export function rawJson({ registers, ram, msi }: DressedMachine): string {
  let offset = 0
  const document = {
    schema: 1,
    format: 'vits-registers',
    itses: registers.itses,
    redistributors: registers.redistributors,
    ram: ram.map(({ base, bytes }) => {
      const piece = { base: hex(base), bytes: bytes.length, file: 'ram.bin', offset }
      offset += bytes.length
      return piece
    }),
    msi,
  }
  return JSON.stringify(document, (_, value: unknown) => (typeof value === 'bigint' ? hex(value) : value))
}

/** The two files. */
export function rawFiles(machine: DressedMachine, json = rawJson(machine)): MachineFile[] {
  return [
    { name: 'regs.json', source: bytesSource(new Uint8Array(Buffer.from(json))) },
    { name: 'ram.bin', source: bytesSource(new Uint8Array(Buffer.concat(machine.ram.map(({ bytes }) => bytes)))) },
  ]
}
