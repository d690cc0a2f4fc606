import { hex, type ItsPlace } from '@vits/core/abi'

/** `1 device`, `3 devices`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** `ITS 1 at 0x80a0000`: for a VM with several. */
export const itsWords = ({ index, base }: ItsPlace): string => `ITS ${index}${base === undefined ? '' : ` at ${hex(base)}`}`
